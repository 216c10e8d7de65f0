package main

func memoryPages() int32

// memoryBytes is memory.size in bytes.
func memoryBytes() uint64 { return uint64(memoryPages()) << 16 }
