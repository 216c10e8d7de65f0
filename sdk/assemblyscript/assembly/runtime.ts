// The runtime that a function is built with (--runtime): the heap of heap.ts, the compiler's own incremental collector over
// it, and what stands in for the imports `abort` and `seed`, which the host does not have (--use).
//
// The compiler's own runtimes are not for functions. Their heap is what memory.size says: `stub` hands out whatever lies below
// it, `minimal` and `incremental` take it whole at their first allocation and double it afterwards, windows included.
import "./heap";
import "./trap";
import "rt/itcms";
