//go:build !wasip1

package main

func memoryBytes() uint64 { return 0 }
