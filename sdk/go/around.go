package inlay

import (
	"time"

	"inlay/internal/abi"
)

type Level uint32

const (
	LevelDebug Level = abi.LogDebug
	LevelInfo  Level = abi.LogInfo
	LevelWarn  Level = abi.LogWarn
	LevelError Level = abi.LogError
)

// Log writes one line to the function's log; longer lines are cut. A log that is full takes no more, and says nothing of it.
func Log(level Level, text string) { abi.Log(uint32(level), text) }

func nanoseconds(clock uint32) int64 {
	var nanoseconds uint64
	abi.Clock(clock, &nanoseconds)
	return int64(nanoseconds)
}

// Clock is the wall clock, in steps of a millisecond unless the server says otherwise.
func Clock() time.Time { return time.Unix(0, nanoseconds(abi.ClockWall)) }

// Elapsed is the time since the invocation began, in the same steps. It never goes back.
func Elapsed() time.Duration { return time.Duration(nanoseconds(abi.ClockMonotonic)) }

const randomBytesMax = 64 << 10 // of one call

// Random fills the buffer with random bytes, fit for keys. Errors: ErrLimit.
func Random(buffer []byte) error {
	for len(buffer) > 0 {
		piece := buffer[:min(len(buffer), randomBytesMax)]
		if err := check(abi.Random(piece)); err != nil {
			return err
		}
		buffer = buffer[len(piece):]
	}
	return nil
}

// Costs is what the invocation has cost so far.
type Costs struct {
	Mapped  uint64 // bytes of windows mapped
	Copied  uint64 // content bytes copied by the CPU on their way to, through or out of this function
	Windows uint64 // windows mapped now
}

func Cost() Costs {
	var counts abi.CostCounts
	abi.Cost(&counts)
	return Costs{counts.Mapped, counts.Copied, counts.Windows}
}
