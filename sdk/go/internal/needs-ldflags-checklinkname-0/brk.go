//go:build wasip1

// Package brk keeps Go's heap out of the windows that the host maps.
//
// Go's runtime takes memory as a Unix program does by sbrk (runtime/mem_sbrk.go): it remembers in bloc where its memory ends
// and in blocMax how far it has grown that, and when it needs n bytes more, it grows by n and takes [blocMax, blocMax + n),
// without a look at where the grown part lies. So once the host has grown memory for a window, the runtime's next growth
// would take the window for heap, and what the window holds for zeros. Settle moves both behind all that there is. The
// runtime does not mind gaps: they are what a Unix program sees when others call sbrk too.
//
// The linker gives these variables only to builds with -ldflags=-checklinkname=0. Without it, it says
//
//	inlay/internal/needs-ldflags-checklinkname-0: invalid reference to runtime.bloc
//
// hence the name of the directory. A runtime that has no such variables does not link either: nothing is built that would
// write into windows.
package brk

import _ "unsafe" // for go:linkname

//go:linkname bloc runtime.bloc
var bloc uintptr

//go:linkname blocMax runtime.blocMax
var blocMax uintptr

//go:linkname currentMemory runtime.currentMemory
func currentMemory() int32

const wasmPageBytes = 64 << 10

// Pages tells how many pages of 64 KiB the memory has.
//
//go:nosplit
func Pages() uint32 { return uint32(currentMemory()) }

// Settle is called between a host's call that may have grown memory and whatever may allocate next; `before` is what Pages
// said ahead of the call. What the linker gave the runtime to begin with and it does not know of (1 MiB in Go 1.26, more in older ones)
// is given up the first time.
//
//go:nosplit
func Settle(before uint32) {
	if now := Pages(); now != before {
		bloc = uintptr(now) * wasmPageBytes
		blocMax = bloc
	}
}
