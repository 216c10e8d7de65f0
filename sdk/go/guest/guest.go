// Package main is what test/go_sdk_test.py asks of the SDK in WebAssembly: a guest of several ways, chosen by ?way=.
package main

import (
	"bytes"
	"errors"
	"runtime"
	"strconv"
	"unsafe"

	"inlay"
)

func init() { inlay.Handle(guest) }

func main() {}

var ways = map[string]func(*inlay.Request) error{
	"place":   place,
	"first":   first,
	"heap":    heap,
	"lines":   lines,
	"records": records,
	"calls":   calls,
	"parts":   parts,
	"code":    func(*inlay.Request) error { return inlay.Code(77) },
	"error":   func(*inlay.Request) error { return errors.New("it went wrong on purpose") },
	"panic":   func(*inlay.Request) error { panic("on purpose") },
	"start":   start,
	"write":   write,
	"beside":  beside,
}

func guest(request *inlay.Request) error {
	way, isThere := ways[request.ParameterOr("way", "")]
	if !isThere {
		return inlay.Fail(400, "way: which one?")
	}
	return way(request)
}

func numbers(request *inlay.Request, all ...uint64) error {
	var text []byte
	for _, number := range all {
		text = append(strconv.AppendUint(text, number, 10), ' ')
	}
	return request.Response().Bytes(text)
}

func count(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}

func heapBytes() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Sys
}

func address(bytes []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(bytes)))) }

func view(request *inlay.Request) ([]byte, error) {
	input, err := request.Input()
	if err != nil {
		return nil, err
	}
	all, err := input.MapAll()
	if err != nil {
		return nil, err
	}
	return all.Bytes(), nil
}

// place tells where a window comes to lie, and what has become of own memory and of the counts.
func place(request *inlay.Request) error {
	heapBefore, before := heapBytes(), memoryBytes()
	text, err := view(request)
	if err != nil {
		return err
	}
	var touched uint64
	for at := 0; at < len(text); at += 4096 {
		touched += uint64(text[at])
	}
	cost := inlay.Cost()
	return numbers(request, address(text), uint64(len(text)), touched, before, memoryBytes(), heapBefore, heapBytes(), cost.Copied)
}

// pattern fills a block such that zeros, other blocks and windows are told apart.
func pattern(block []byte, seed int) {
	for i := range block {
		block[i] = byte(seed + i*7 + i>>8)
	}
}

func isPattern(block []byte, seed int) bool {
	for i := range block {
		if block[i] != byte(seed+i*7+i>>8) {
			return false
		}
	}
	return true
}

func lieInEachOther(a, b []byte) bool {
	return address(a) < address(b)+uint64(len(b)) && address(b) < address(a)+uint64(len(a))
}

// first maps a window, then allocates ?mib= MiB, and looks at both: how much was allocated, blocks inside the window, blocks
// that were not all zero, blocks that are spoilt, bytes of the window that are not 0xa5.
func first(request *inlay.Request) error {
	mib, err := request.ParameterUint("mib", 48)
	if err != nil {
		return err
	}
	window, err := view(request)
	if err != nil {
		return err
	}
	var blocks [][]byte
	var inside, dirty, spoilt, changed uint64
	for number := range int(mib) {
		block := make([]byte, 1<<20)
		inside += count(lieInEachOther(block, window))
		dirty += count(len(bytes.Trim(block, "\x00")) != 0)
		pattern(block, number)
		blocks = append(blocks, block)
	}
	runtime.GC()
	for number, block := range blocks {
		spoilt += count(!isPattern(block, number))
	}
	changed = uint64(len(window) - bytes.Count(window, []byte{0xa5}))
	return numbers(request, mib<<20, inside, dirty, spoilt, changed)
}

// heap allocates, maps and unmaps in turns, with pointers in some of what it allocates.
func heap(request *inlay.Request) error {
	source, err := request.Input()
	if err != nil {
		return err
	}
	input, err := source.MapAll()
	if err != nil {
		return err
	}
	output, err := request.Output(int64(input.Len()))
	if err != nil {
		return err
	}
	type block struct {
		next  *block
		bytes []byte
		seed  int
	}
	var blocks *block
	var views []*inlay.View
	var overlaps, spoilt uint64
	for round := range 3000 {
		if round%100 == 0 {
			view, err := source.Map(int64(round), inlay.Rest)
			if err != nil {
				return err
			}
			views = append(views, view)
		}
		one := &block{blocks, make([]byte, []int{24, 700, 5000, 40_000, 300_000}[round%5]+round), round}
		pattern(one.bytes, round)
		for _, view := range views {
			overlaps += count(lieInEachOther(one.bytes, view.Bytes()))
		}
		overlaps += count(lieInEachOther(one.bytes, input.Bytes())) + count(lieInEachOther(one.bytes, output.Bytes()))
		blocks = one
		if round%3 == 0 && blocks.next != nil {
			blocks.next = blocks.next.next
		}
		if round%400 == 399 {
			if err := views[0].Unmap(); err != nil {
				return err
			}
			views = views[1:]
		}
	}
	runtime.GC()
	var kept uint64
	for one := blocks; one != nil; one = one.next {
		kept += uint64(len(one.bytes))
		spoilt += count(!isPattern(one.bytes, one.seed))
	}
	copy(output.Bytes(), input.Bytes())
	isWhole := bytes.Equal(output.Bytes(), input.Bytes())
	for _, view := range views {
		isWhole = isWhole && bytes.HasSuffix(input.Bytes(), view.Bytes())
	}
	return numbers(request, kept, overlaps, count(isWhole), spoilt, heapBytes())
}

func lines(request *inlay.Request) error {
	input, err := request.Input()
	if err != nil {
		return err
	}
	var count, size uint64
	for line, err := range input.Lines(0, inlay.Rest) {
		if err != nil {
			return err
		}
		count++
		size += uint64(len(line))
	}
	return numbers(request, count, size, inlay.Cost().Windows)
}

// records of 12 bytes: their numbers are in order, and the second ones are summed.
func records(request *inlay.Request) error {
	input, err := request.Input()
	if err != nil {
		return err
	}
	var count, sum uint64
	for record, err := range input.Records(12, 0, inlay.Rest) {
		if err != nil {
			return err
		}
		words := (*[3]uint32)(unsafe.Pointer(unsafe.SliceData(record)))
		if uint64(words[0]) != count {
			return inlay.Code(3)
		}
		count++
		sum += uint64(words[1])
	}
	return numbers(request, count, sum)
}

// calls `go-wc` for each half of the input, side by side, then for all.
func calls(request *inlay.Request) error {
	input, err := view(request)
	if err != nil {
		return err
	}
	half := len(input) / 2
	left, errLeft := request.Spawn("go-wc", "", input[:half])
	right, errRight := request.Spawn("go-wc", "", input[half:])
	all, errAll := request.Call("go-wc", "stream=0", input)
	first, errFirst := request.Wait(left)
	second, errSecond := request.Wait(right)
	if err := errors.Join(errLeft, errRight, errAll, errFirst, errSecond, all.Err()); err != nil {
		return err
	}
	var ranges [][]byte
	for _, called := range []inlay.Called{first, second, all} {
		content, err := called.Content()
		if err != nil {
			return err
		}
		view, err := content.MapAll()
		if err != nil {
			return err
		}
		ranges = append(ranges, view.Bytes())
	}
	return request.Response().Ranges(ranges...)
}

func parts(request *inlay.Request) error {
	name := request.FunctionName()
	inlay.Log(inlay.LevelWarn, "a line")
	inlay.Log(inlay.LevelInfo, strconv.Itoa(len(name))+" bytes")
	random := make([]byte, 100_000)
	if err := inlay.Random(random); err != nil {
		return err
	}
	for ; len(random) >= 16; random = random[16:] {
		if bytes.Equal(random[:16], make([]byte, 16)) {
			return inlay.Code(4)
		}
	}
	if inlay.Clock().Year() < 2024 || inlay.Elapsed() < 0 {
		return inlay.Code(5)
	}
	return request.Response().Status(201).Header("X-Own", name).Empty()
}

// write stores into a window that is read-only.
func write(request *inlay.Request) error {
	window, err := view(request)
	if err != nil {
		return err
	}
	window[0] = 1
	return numbers(request, uint64(window[0]))
}

// beside runs goroutines, which allocate, while windows come.
func beside(request *inlay.Request) error {
	source, err := request.Input()
	if err != nil {
		return err
	}
	results := make(chan bool)
	const workers = 8
	for worker := range workers {
		go func() {
			isWhole := true
			for round := range 50 {
				block := make([]byte, 100_000)
				pattern(block, worker+round)
				runtime.Gosched()
				isWhole = isWhole && isPattern(block, worker+round)
			}
			results <- isWhole
		}()
	}
	for range 50 {
		if _, err := source.MapAll(); err != nil {
			return err
		}
		runtime.Gosched()
	}
	var whole uint64
	for range workers {
		whole += count(<-results)
	}
	return numbers(request, whole)
}
