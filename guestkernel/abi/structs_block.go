// SPDX-License-Identifier: BSD-3-Clause
// Layouts of block devices' request queues (linux/blkdev.h, linux/elevator.h) and of memory pools (linux/mempool.h).

package abi

// RequestQueueLayout is struct request_queue, request_queue_t.
type RequestQueueLayout struct {
	Size            uint32 `c:"(sizeof)"` // bytes
	RQ              Field  `c:"rq"`       // two request_list: for reading, for writing
	QueueHead       Field  `c:"queue_head"`
	Elevator        Field  `c:"elevator"`
	RequestFn       Field  `c:"request_fn"`
	BackMergeFn     Field  `c:"back_merge_fn"`
	FrontMergeFn    Field  `c:"front_merge_fn"`
	MergeRequestsFn Field  `c:"merge_requests_fn"`
	MakeRequestFn   Field  `c:"make_request_fn"`
	PlugDeviceFn    Field  `c:"plug_device_fn"`
	PlugTq          Field  `c:"plug_tq"` // the entry in tq_disk that unplugs the queue
	Plugged         Field  `c:"plugged"`
	HeadActive      Field  `c:"head_active"`
	BouncePfn       Field  `c:"bounce_pfn"` // pages above are copied to below
	QueueLock       Field  `c:"queue_lock"`
	WaitForRequests Field  `c:"wait_for_requests"` // two wait queues
}

// RequestListLayout is struct request_list: the free requests of one direction.
type RequestListLayout struct {
	Size  uint32 `c:"(sizeof)"` // bytes
	Count Field  `c:"count"`
	Free  Field  `c:"free"`
}

// RequestLayout is struct request.
type RequestLayout struct {
	Size   uint32 `c:"(sizeof)"` // bytes
	Queue  Field  `c:"queue"`
	Status Field  `c:"rq_status"`
	Cmd    Field  `c:"cmd"` // the direction, once it is in use
	Q      Field  `c:"q"`   // the queue it came from
}

// ElevatorLayout is struct elevator_s, elevator_t: how a queue is sorted.
type ElevatorLayout struct {
	Size            uint32 `c:"(sizeof)"` // bytes
	ReadLatency     Field  `c:"read_latency"`
	WriteLatency    Field  `c:"write_latency"`
	MaxBombSegments Field  `c:"max_bomb_segments,optional"`
	MergeFn         Field  `c:"elevator_merge_fn"`
	MergeReqFn      Field  `c:"elevator_merge_req_fn"`
	QueueID         Field  `c:"queue_ID"`
}

// MempoolLayout is struct mempool_s, mempool_t (mm/mempool.c).
type MempoolLayout struct {
	Size     uint32 `c:"(sizeof)"` // bytes
	MinNr    Field  `c:"min_nr"`   // how many elements it keeps
	CurrNr   Field  `c:"curr_nr"`  // how many of them are here
	Elements Field  `c:"elements"` // list of nodes; those without an element at the end
	PoolData Field  `c:"pool_data"`
	Alloc    Field  `c:"alloc"`
	Free     Field  `c:"free"`
	Wait     Field  `c:"wait"`
}

// MempoolNodeLayout is struct mempool_node_s.
type MempoolNodeLayout struct {
	Size    uint32 `c:"(sizeof)"` // bytes
	List    Field  `c:"list"`
	Element Field  `c:"element"`
}
