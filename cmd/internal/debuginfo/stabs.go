package debuginfo

func readStabs(m *Module, stab, str []byte) {}
