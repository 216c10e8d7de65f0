// Package abi is the contract of abi/inlay.h in Go's types: the same functions with the same results, ranges as slices.
//
// In WebAssembly they are the host's (host_wasip1.go); natively those of the Host that runs (host_native.go).
package abi

const Version = 1

const (
	EAbsent   = -1
	EArgument = -2
	EPointer  = -3
	ERange    = -4
	ENoRoom   = -5
	ELimit    = -6
	EName     = -7
	EDenied   = -8
	EIo       = -9
	ETwice    = -10
	ECallee   = -11
)

const (
	PartMethod     = 1
	PartPath       = 2
	PartRest       = 3
	PartQuery      = 4
	PartParameter  = 5
	PartHeader     = 6
	PartEnv        = 7
	PartFunction   = 8
	PartInvocation = 9
)

const (
	MapRandom  = 1
	MapPrivate = 2
)

const (
	EndingCompleted = 0
	EndingFailed    = 1
	EndingTrapped   = 2
	EndingTimedOut  = 3
	EndingRefused   = 4
)

const (
	LogDebug = 0
	LogInfo  = 1
	LogWarn  = 2
	LogError = 3
)

const (
	ClockWall      = 0
	ClockMonotonic = 1
)
