// The allocator below the collector: the heap is what this file grew itself, so no window ever lies in it.
//
// Problem: the host grows memory to make room for windows. An allocator that takes memory.size for the end of its heap hands
// out the windows, whenever it looks. This one looks at memory.size only to learn where the piece begins that its next
// memory.grow makes.
//
// Invariants:
//  1. The heap is [__heap_base, end of that page) and the pieces that grow() made. Nothing else is read or written.
//  2. Of the piece in use, [top - HEADER, limit) has not been handed out. `top` is a multiple of 16.
//  3. A block is its header, which holds the payload's size, and its payload; blocks have the sizes of classes, and a freed block
//     serves its class again. Blocks are never joined.
//
// Memory that was handed out again is not zero: the collector clears what it gives.

/** Tells the SDK that this heap is there. */
// @ts-ignore: decorator
@global const __inlay_heap: bool = true;

// @ts-ignore: decorator
@inline const PAGE: usize = 65536;
// @ts-ignore: decorator
@inline const ALIGN_MASK: usize = 15;
// @ts-ignore: decorator
@inline const HEADER: usize = 4;
/** A freed block's payload begins with the next one of its class. */
// @ts-ignore: decorator
@inline const PAYLOAD_MAX: usize = (1 << 30) - HEADER;
/** Sizes up to this one have a class for each 16 bytes; above it there are 8 classes between two powers of 2. */
// @ts-ignore: decorator
@inline const FINE_BITS: u32 = 9;
// @ts-ignore: decorator
@inline const STEP_BITS: u32 = 3;
/** (1 << FINE_BITS) / 16 + 1, and for each power of 2 up to 1 GiB 8 more. */
// @ts-ignore: decorator
@inline const CLASSES: i32 = 33 + (30 - 9) * 8;
/** The heap doubles with each growth, but takes no more than this at once unless one block needs it. */
// @ts-ignore: decorator
@inline const GROWTH_MAX: usize = 16 << 20;

// @ts-ignore: decorator
@lazy const freeLists: usize = memory.data(CLASSES * 4);
// @ts-ignore: decorator
@lazy let top: usize = 0;
// @ts-ignore: decorator
@lazy let limit: usize = 0;
// @ts-ignore: decorator
@lazy let grown: usize = 0;

/** The size, header included, of the smallest class that holds `bytes`, header included. */
function roundUp(bytes: usize): usize {
  if (bytes <= 1 << FINE_BITS) return (bytes + ALIGN_MASK) & ~ALIGN_MASK;
  const step: usize = 1 << (31 - clz<u32>(<u32>bytes - 1) - STEP_BITS);
  return (bytes + step - 1) & ~(step - 1);
}

/** The size of the largest class that is no larger. Requires: bytes >= 16. */
function roundDown(bytes: usize): usize {
  if (bytes <= 1 << FINE_BITS) return bytes & ~ALIGN_MASK;
  const step: usize = 1 << (31 - clz<u32>(<u32>bytes) - STEP_BITS);
  return bytes & ~(step - 1);
}

/** Where the first free block of a class stands. Requires: `size` is that of a class. */
function listOf(size: usize): usize {
  if (size <= 1 << FINE_BITS) return freeLists + (size >>> 4 << 2);
  const power = 31 - clz<u32>(<u32>size - 1);
  const step = (<u32>size - 1 - (1 << power)) >>> (power - STEP_BITS);
  return freeLists + ((33 + ((power - FINE_BITS) << STEP_BITS) + step) << 2);
}

function push(block: usize, size: usize): void {
  const list = listOf(size);
  store<usize>(block - HEADER, size - HEADER);
  store<usize>(block, load<usize>(list));
  store<usize>(list, block);
}

/** Leaves what is left of the piece in use to the free lists. */
function leavePiece(): void {
  while (top - HEADER + 16 <= limit) {
    const size = roundDown(min<usize>(limit - (top - HEADER), PAYLOAD_MAX + HEADER));
    push(top, size);
    top += size;
  }
}

/** Makes room for a block of `size` at `top`. */
function grow(size: usize): void {
  const end = <usize>memory.size() << 16;
  const adjoins = end == limit;
  const need = ((adjoins ? top - HEADER + size - limit : size + ALIGN_MASK + 1 - HEADER) + PAGE - 1) & ~(PAGE - 1);
  let bytes = max(need, min(grown, GROWTH_MAX) & ~(PAGE - 1));
  if (memory.grow(<i32>(bytes >>> 16)) < 0) {
    bytes = need;
    if (memory.grow(<i32>(bytes >>> 16)) < 0) throw new Error("the function's memory is used up");
  }
  if (!adjoins) {
    leavePiece();
    top = end + ALIGN_MASK + 1;
  }
  // The last 16 bytes of the address space stay unused, so that `limit` does not wrap.
  limit = end + bytes == 0 ? <usize>-16 : end + bytes;
  grown += bytes;
}

/** Bytes of memory that the heap has taken so far by growing; windows are not among them. */
// @ts-ignore: decorator
@global function __inlay_heap_grown(): usize {
  return grown;
}

// @ts-ignore: decorator
@global @unsafe export function __alloc(payload: usize): usize {
  if (payload > PAYLOAD_MAX) throw new Error("one allocation is larger than 1 GiB");
  const size = roundUp(payload + HEADER);
  const list = listOf(size);
  const free = load<usize>(list);
  if (free) {
    store<usize>(list, load<usize>(free));
    return free;
  }
  if (!limit) {
    // By invariant 1, whatever memory.size is now.
    top = (__heap_base + HEADER + ALIGN_MASK) & ~ALIGN_MASK;
    limit = (__heap_base + PAGE - 1) & ~(PAGE - 1);
  }
  if (<u64>top - HEADER + size > limit) grow(size);
  const block = top;
  store<usize>(block - HEADER, size - HEADER);
  top += size;
  return block;
}

// @ts-ignore: decorator
@global @unsafe export function __realloc(block: usize, payload: usize): usize {
  const old = load<usize>(block - HEADER);
  if (payload <= old) return block;
  const moved = __alloc(payload);
  memory.copy(moved, block, old);
  __free(block);
  return moved;
}

/** What lies below __heap_base is the module's own data and is not freed. */
// @ts-ignore: decorator
@global @unsafe export function __free(block: usize): void {
  if (block < __heap_base) return;
  const size = load<usize>(block - HEADER) + HEADER;
  if (block + size == top) top = block;
  else push(block, size);
}
