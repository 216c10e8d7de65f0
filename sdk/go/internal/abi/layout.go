package abi

import "structs"

// Source is inlay_source.
type Source struct {
	_        structs.HostLayout
	ID       uint32
	Reserved uint32
	Size     uint64
}

// Result is inlay_result.
type Result struct {
	_        structs.HostLayout
	Ending   uint32
	Code     int32
	Status   uint32
	First    uint32
	Count    uint32
	Reserved uint32
	Size     uint64
}

// CostCounts is inlay_cost_counts.
type CostCounts struct {
	_        structs.HostLayout
	Mapped   uint64
	Copied   uint64
	Windows  uint64
	Reserved uint64
}
