// SPDX-License-Identifier: BSD-3-Clause
// Error numbers of the i386 kernel: asm-i386/errno.h, and the kernel's own from linux/errno.h (512 and up).
//
// The numbers are compared with the profile's constants by a test; the texts up to 124 are those a C library of the time
// prints, the others say what the number is for.

package abi

import "strconv"

// An Errno is an error number: a result of the guest's, not a Go error. Kernel functions return it negated, user space sees it positive; both signs of one number
// have the same name here, so that code reads as the kernel's does: return -abi.EBUSY.
type Errno int32

// The error numbers.
const (
	EPERM           Errno = 1
	ENOENT          Errno = 2
	ESRCH           Errno = 3
	EINTR           Errno = 4
	EIO             Errno = 5
	ENXIO           Errno = 6
	E2BIG           Errno = 7
	ENOEXEC         Errno = 8
	EBADF           Errno = 9
	ECHILD          Errno = 10
	EAGAIN          Errno = 11
	ENOMEM          Errno = 12
	EACCES          Errno = 13
	EFAULT          Errno = 14
	ENOTBLK         Errno = 15
	EBUSY           Errno = 16
	EEXIST          Errno = 17
	EXDEV           Errno = 18
	ENODEV          Errno = 19
	ENOTDIR         Errno = 20
	EISDIR          Errno = 21
	EINVAL          Errno = 22
	ENFILE          Errno = 23
	EMFILE          Errno = 24
	ENOTTY          Errno = 25
	ETXTBSY         Errno = 26
	EFBIG           Errno = 27
	ENOSPC          Errno = 28
	ESPIPE          Errno = 29
	EROFS           Errno = 30
	EMLINK          Errno = 31
	EPIPE           Errno = 32
	EDOM            Errno = 33
	ERANGE          Errno = 34
	EDEADLK         Errno = 35
	ENAMETOOLONG    Errno = 36
	ENOLCK          Errno = 37
	ENOSYS          Errno = 38
	ENOTEMPTY       Errno = 39
	ELOOP           Errno = 40
	ENOMSG          Errno = 42
	EIDRM           Errno = 43
	ECHRNG          Errno = 44
	EL2NSYNC        Errno = 45
	EL3HLT          Errno = 46
	EL3RST          Errno = 47
	ELNRNG          Errno = 48
	EUNATCH         Errno = 49
	ENOCSI          Errno = 50
	EL2HLT          Errno = 51
	EBADE           Errno = 52
	EBADR           Errno = 53
	EXFULL          Errno = 54
	ENOANO          Errno = 55
	EBADRQC         Errno = 56
	EBADSLT         Errno = 57
	EBFONT          Errno = 59
	ENOSTR          Errno = 60
	ENODATA         Errno = 61
	ETIME           Errno = 62
	ENOSR           Errno = 63
	ENONET          Errno = 64
	ENOPKG          Errno = 65
	EREMOTE         Errno = 66
	ENOLINK         Errno = 67
	EADV            Errno = 68
	ESRMNT          Errno = 69
	ECOMM           Errno = 70
	EPROTO          Errno = 71
	EMULTIHOP       Errno = 72
	EDOTDOT         Errno = 73
	EBADMSG         Errno = 74
	EOVERFLOW       Errno = 75
	ENOTUNIQ        Errno = 76
	EBADFD          Errno = 77
	EREMCHG         Errno = 78
	ELIBACC         Errno = 79
	ELIBBAD         Errno = 80
	ELIBSCN         Errno = 81
	ELIBMAX         Errno = 82
	ELIBEXEC        Errno = 83
	EILSEQ          Errno = 84
	ERESTART        Errno = 85
	ESTRPIPE        Errno = 86
	EUSERS          Errno = 87
	ENOTSOCK        Errno = 88
	EDESTADDRREQ    Errno = 89
	EMSGSIZE        Errno = 90
	EPROTOTYPE      Errno = 91
	ENOPROTOOPT     Errno = 92
	EPROTONOSUPPORT Errno = 93
	ESOCKTNOSUPPORT Errno = 94
	EOPNOTSUPP      Errno = 95
	EPFNOSUPPORT    Errno = 96
	EAFNOSUPPORT    Errno = 97
	EADDRINUSE      Errno = 98
	EADDRNOTAVAIL   Errno = 99
	ENETDOWN        Errno = 100
	ENETUNREACH     Errno = 101
	ENETRESET       Errno = 102
	ECONNABORTED    Errno = 103
	ECONNRESET      Errno = 104
	ENOBUFS         Errno = 105
	EISCONN         Errno = 106
	ENOTCONN        Errno = 107
	ESHUTDOWN       Errno = 108
	ETOOMANYREFS    Errno = 109
	ETIMEDOUT       Errno = 110
	ECONNREFUSED    Errno = 111
	EHOSTDOWN       Errno = 112
	EHOSTUNREACH    Errno = 113
	EALREADY        Errno = 114
	EINPROGRESS     Errno = 115
	ESTALE          Errno = 116
	EUCLEAN         Errno = 117
	ENOTNAM         Errno = 118
	ENAVAIL         Errno = 119
	EISNAM          Errno = 120
	EREMOTEIO       Errno = 121
	EDQUOT          Errno = 122
	ENOMEDIUM       Errno = 123
	EMEDIUMTYPE     Errno = 124
	ERESTARTSYS     Errno = 512
	ERESTARTNOINTR  Errno = 513
	ERESTARTNOHAND  Errno = 514
	ENOIOCTLCMD     Errno = 515
	EBADHANDLE      Errno = 521
	ENOTSYNC        Errno = 522
	EBADCOOKIE      Errno = 523
	ENOTSUPP        Errno = 524
	ETOOSMALL       Errno = 525
	ESERVERFAULT    Errno = 526
	EBADTYPE        Errno = 527
	EJUKEBOX        Errno = 528
	EWOULDBLOCKIO   Errno = 530

	EWOULDBLOCK = EAGAIN
	EDEADLOCK   = EDEADLK
)

// MaxErrno bounds what a system call's result can be for a C library to take it as an error: -MaxErrno to -1.
const MaxErrno = 4095

// Number returns the positive number.
func (e Errno) Number() int {
	if e < 0 {
		return int(-int64(e))
	}
	return int(e)
}

// String returns the name, EBUSY for 16 and -16; "0" for none; "errno 4000" for one without a name.
func (e Errno) String() string {
	if e == 0 {
		return "0"
	}
	if name, _ := e.entry(); name != "" {
		return name
	}
	return "errno " + strconv.Itoa(e.Number())
}

// Text returns what strerror(3) says: "Device or resource busy".
func (e Errno) Text() string {
	if e == 0 {
		return "Success"
	}
	if _, text := e.entry(); text != "" {
		return text
	}
	return "Unknown error " + strconv.Itoa(e.Number())
}

// ErrnoByName returns the number, positive, of a name such as "EBUSY".
func ErrnoByName(name string) (Errno, bool) {
	switch name {
	case "EWOULDBLOCK":
		return EWOULDBLOCK, true
	case "EDEADLOCK":
		return EDEADLOCK, true
	}
	for e := Errno(1); e <= maxNamed; e++ {
		if known, _ := e.entry(); known == name && known != "" {
			return e, true
		}
	}
	return 0, false
}

const maxNamed = EWOULDBLOCKIO

// entry returns name and text, both empty for a number without a name.
func (e Errno) entry() (name, text string) {
	switch Errno(e.Number()) {
	case EPERM:
		return "EPERM", "Operation not permitted"
	case ENOENT:
		return "ENOENT", "No such file or directory"
	case ESRCH:
		return "ESRCH", "No such process"
	case EINTR:
		return "EINTR", "Interrupted system call"
	case EIO:
		return "EIO", "Input/output error"
	case ENXIO:
		return "ENXIO", "No such device or address"
	case E2BIG:
		return "E2BIG", "Argument list too long"
	case ENOEXEC:
		return "ENOEXEC", "Exec format error"
	case EBADF:
		return "EBADF", "Bad file descriptor"
	case ECHILD:
		return "ECHILD", "No child processes"
	case EAGAIN:
		return "EAGAIN", "Resource temporarily unavailable"
	case ENOMEM:
		return "ENOMEM", "Cannot allocate memory"
	case EACCES:
		return "EACCES", "Permission denied"
	case EFAULT:
		return "EFAULT", "Bad address"
	case ENOTBLK:
		return "ENOTBLK", "Block device required"
	case EBUSY:
		return "EBUSY", "Device or resource busy"
	case EEXIST:
		return "EEXIST", "File exists"
	case EXDEV:
		return "EXDEV", "Invalid cross-device link"
	case ENODEV:
		return "ENODEV", "No such device"
	case ENOTDIR:
		return "ENOTDIR", "Not a directory"
	case EISDIR:
		return "EISDIR", "Is a directory"
	case EINVAL:
		return "EINVAL", "Invalid argument"
	case ENFILE:
		return "ENFILE", "Too many open files in system"
	case EMFILE:
		return "EMFILE", "Too many open files"
	case ENOTTY:
		return "ENOTTY", "Inappropriate ioctl for device"
	case ETXTBSY:
		return "ETXTBSY", "Text file busy"
	case EFBIG:
		return "EFBIG", "File too large"
	case ENOSPC:
		return "ENOSPC", "No space left on device"
	case ESPIPE:
		return "ESPIPE", "Illegal seek"
	case EROFS:
		return "EROFS", "Read-only file system"
	case EMLINK:
		return "EMLINK", "Too many links"
	case EPIPE:
		return "EPIPE", "Broken pipe"
	case EDOM:
		return "EDOM", "Numerical argument out of domain"
	case ERANGE:
		return "ERANGE", "Numerical result out of range"
	case EDEADLK:
		return "EDEADLK", "Resource deadlock avoided"
	case ENAMETOOLONG:
		return "ENAMETOOLONG", "File name too long"
	case ENOLCK:
		return "ENOLCK", "No locks available"
	case ENOSYS:
		return "ENOSYS", "Function not implemented"
	case ENOTEMPTY:
		return "ENOTEMPTY", "Directory not empty"
	case ELOOP:
		return "ELOOP", "Too many levels of symbolic links"
	case ENOMSG:
		return "ENOMSG", "No message of desired type"
	case EIDRM:
		return "EIDRM", "Identifier removed"
	case ECHRNG:
		return "ECHRNG", "Channel number out of range"
	case EL2NSYNC:
		return "EL2NSYNC", "Level 2 not synchronized"
	case EL3HLT:
		return "EL3HLT", "Level 3 halted"
	case EL3RST:
		return "EL3RST", "Level 3 reset"
	case ELNRNG:
		return "ELNRNG", "Link number out of range"
	case EUNATCH:
		return "EUNATCH", "Protocol driver not attached"
	case ENOCSI:
		return "ENOCSI", "No CSI structure available"
	case EL2HLT:
		return "EL2HLT", "Level 2 halted"
	case EBADE:
		return "EBADE", "Invalid exchange"
	case EBADR:
		return "EBADR", "Invalid request descriptor"
	case EXFULL:
		return "EXFULL", "Exchange full"
	case ENOANO:
		return "ENOANO", "No anode"
	case EBADRQC:
		return "EBADRQC", "Invalid request code"
	case EBADSLT:
		return "EBADSLT", "Invalid slot"
	case EBFONT:
		return "EBFONT", "Bad font file format"
	case ENOSTR:
		return "ENOSTR", "Device not a stream"
	case ENODATA:
		return "ENODATA", "No data available"
	case ETIME:
		return "ETIME", "Timer expired"
	case ENOSR:
		return "ENOSR", "Out of streams resources"
	case ENONET:
		return "ENONET", "Machine is not on the network"
	case ENOPKG:
		return "ENOPKG", "Package not installed"
	case EREMOTE:
		return "EREMOTE", "Object is remote"
	case ENOLINK:
		return "ENOLINK", "Link has been severed"
	case EADV:
		return "EADV", "Advertise error"
	case ESRMNT:
		return "ESRMNT", "Srmount error"
	case ECOMM:
		return "ECOMM", "Communication error on send"
	case EPROTO:
		return "EPROTO", "Protocol error"
	case EMULTIHOP:
		return "EMULTIHOP", "Multihop attempted"
	case EDOTDOT:
		return "EDOTDOT", "RFS specific error"
	case EBADMSG:
		return "EBADMSG", "Bad message"
	case EOVERFLOW:
		return "EOVERFLOW", "Value too large for defined data type"
	case ENOTUNIQ:
		return "ENOTUNIQ", "Name not unique on network"
	case EBADFD:
		return "EBADFD", "File descriptor in bad state"
	case EREMCHG:
		return "EREMCHG", "Remote address changed"
	case ELIBACC:
		return "ELIBACC", "Can not access a needed shared library"
	case ELIBBAD:
		return "ELIBBAD", "Accessing a corrupted shared library"
	case ELIBSCN:
		return "ELIBSCN", ".lib section in a.out corrupted"
	case ELIBMAX:
		return "ELIBMAX", "Attempting to link in too many shared libraries"
	case ELIBEXEC:
		return "ELIBEXEC", "Cannot exec a shared library directly"
	case EILSEQ:
		return "EILSEQ", "Invalid or incomplete multibyte or wide character"
	case ERESTART:
		return "ERESTART", "Interrupted system call should be restarted"
	case ESTRPIPE:
		return "ESTRPIPE", "Streams pipe error"
	case EUSERS:
		return "EUSERS", "Too many users"
	case ENOTSOCK:
		return "ENOTSOCK", "Socket operation on non-socket"
	case EDESTADDRREQ:
		return "EDESTADDRREQ", "Destination address required"
	case EMSGSIZE:
		return "EMSGSIZE", "Message too long"
	case EPROTOTYPE:
		return "EPROTOTYPE", "Protocol wrong type for socket"
	case ENOPROTOOPT:
		return "ENOPROTOOPT", "Protocol not available"
	case EPROTONOSUPPORT:
		return "EPROTONOSUPPORT", "Protocol not supported"
	case ESOCKTNOSUPPORT:
		return "ESOCKTNOSUPPORT", "Socket type not supported"
	case EOPNOTSUPP:
		return "EOPNOTSUPP", "Operation not supported"
	case EPFNOSUPPORT:
		return "EPFNOSUPPORT", "Protocol family not supported"
	case EAFNOSUPPORT:
		return "EAFNOSUPPORT", "Address family not supported by protocol"
	case EADDRINUSE:
		return "EADDRINUSE", "Address already in use"
	case EADDRNOTAVAIL:
		return "EADDRNOTAVAIL", "Cannot assign requested address"
	case ENETDOWN:
		return "ENETDOWN", "Network is down"
	case ENETUNREACH:
		return "ENETUNREACH", "Network is unreachable"
	case ENETRESET:
		return "ENETRESET", "Network dropped connection on reset"
	case ECONNABORTED:
		return "ECONNABORTED", "Software caused connection abort"
	case ECONNRESET:
		return "ECONNRESET", "Connection reset by peer"
	case ENOBUFS:
		return "ENOBUFS", "No buffer space available"
	case EISCONN:
		return "EISCONN", "Transport endpoint is already connected"
	case ENOTCONN:
		return "ENOTCONN", "Transport endpoint is not connected"
	case ESHUTDOWN:
		return "ESHUTDOWN", "Cannot send after transport endpoint shutdown"
	case ETOOMANYREFS:
		return "ETOOMANYREFS", "Too many references: cannot splice"
	case ETIMEDOUT:
		return "ETIMEDOUT", "Connection timed out"
	case ECONNREFUSED:
		return "ECONNREFUSED", "Connection refused"
	case EHOSTDOWN:
		return "EHOSTDOWN", "Host is down"
	case EHOSTUNREACH:
		return "EHOSTUNREACH", "No route to host"
	case EALREADY:
		return "EALREADY", "Operation already in progress"
	case EINPROGRESS:
		return "EINPROGRESS", "Operation now in progress"
	case ESTALE:
		return "ESTALE", "Stale file handle"
	case EUCLEAN:
		return "EUCLEAN", "Structure needs cleaning"
	case ENOTNAM:
		return "ENOTNAM", "Not a XENIX named type file"
	case ENAVAIL:
		return "ENAVAIL", "No XENIX semaphores available"
	case EISNAM:
		return "EISNAM", "Is a named type file"
	case EREMOTEIO:
		return "EREMOTEIO", "Remote I/O error"
	case EDQUOT:
		return "EDQUOT", "Disk quota exceeded"
	case ENOMEDIUM:
		return "ENOMEDIUM", "No medium found"
	case EMEDIUMTYPE:
		return "EMEDIUMTYPE", "Wrong medium type"
	case ERESTARTSYS:
		return "ERESTARTSYS", "Restart the system call after the signal handler if SA_RESTART is set"
	case ERESTARTNOINTR:
		return "ERESTARTNOINTR", "Restart the system call after the signal handler"
	case ERESTARTNOHAND:
		return "ERESTARTNOHAND", "Restart the system call if no handler ran"
	case ENOIOCTLCMD:
		return "ENOIOCTLCMD", "No such ioctl command here"
	case EBADHANDLE:
		return "EBADHANDLE", "Invalid NFS file handle"
	case ENOTSYNC:
		return "ENOTSYNC", "Update synchronization mismatch"
	case EBADCOOKIE:
		return "EBADCOOKIE", "Stale directory cookie"
	case ENOTSUPP:
		return "ENOTSUPP", "Operation not supported by the file system"
	case ETOOSMALL:
		return "ETOOSMALL", "Buffer or request too small"
	case ESERVERFAULT:
		return "ESERVERFAULT", "Untranslatable server error"
	case EBADTYPE:
		return "EBADTYPE", "Type not supported by the server"
	case EJUKEBOX:
		return "EJUKEBOX", "Request started, but will take long"
	case EWOULDBLOCKIO:
		return "EWOULDBLOCKIO", "Asynchronous I/O would block"
	}
	return "", ""
}
