//! A global allocator that keeps away from windows.
//!
//! Problem: the host grows memory to make room for windows. An allocator that takes everything up to memory.size for its own
//! hands out the windows' addresses. This one owns what its own memory.grow gave it and nothing else, so it may be woken before,
//! between and after windows.
//!
//! Blocks of up to 32 KiB are powers of two, each aligned to its size, with a list of free ones per size. Larger ones are whole
//! pages from one list of free extents in the order of their addresses, in which neighbours are joined. Nothing goes back to the
//! host: an instance lives for one request.

use core::alloc::Layout;
use core::ptr;

const PAGE: usize = 64 << 10;
const SMALLEST_BITS: u32 = 4;
const LARGEST_BITS: u32 = 15;
const SIZES: usize = (LARGEST_BITS - SMALLEST_BITS + 1) as usize;
const GROW_BYTES_MAX: usize = 1 << 20;

/// Where pages come from.
pub(crate) trait Pages {
    /// Whole pages that were nobody's before; None where there is no room. `bytes` is a multiple of the page.
    fn grow(&mut self, bytes: usize) -> Option<*mut u8>;
}

/// What lies at the beginning of a free block or extent.
struct Free {
    next: *mut Free,
    bytes: usize,
}

pub(crate) struct Heap<P> {
    pages: P,
    small: [*mut Free; SIZES],
    extents: *mut Free,
    fresh: *mut u8, // [fresh, fresh_end) becomes small blocks
    fresh_end: *mut u8,
    taken: usize,
}

impl<P: Pages> Heap<P> {
    pub(crate) const fn new(pages: P) -> Self {
        Heap {
            pages,
            small: [ptr::null_mut(); SIZES],
            extents: ptr::null_mut(),
            fresh: ptr::null_mut(),
            fresh_end: ptr::null_mut(),
            taken: 0,
        }
    }

    /// Bytes that it has from the host.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// Null where there is no room, or the alignment is more than a page.
    pub(crate) unsafe fn allocate(&mut self, layout: Layout) -> *mut u8 {
        match size_of(layout) {
            Size::Small(number) => unsafe { self.allocate_small(number) },
            Size::Pages(bytes) if layout.align() <= PAGE => unsafe { self.allocate_pages(bytes) },
            Size::Pages(_) => ptr::null_mut(),
        }
    }

    /// REQUIRES: the block is one of this heap's, allocated with this layout.
    pub(crate) unsafe fn free(&mut self, block: *mut u8, layout: Layout) {
        match size_of(layout) {
            Size::Small(number) => unsafe { self.free_small(block, number) },
            Size::Pages(bytes) => unsafe { self.free_pages(block, bytes) },
        }
    }

    unsafe fn free_small(&mut self, block: *mut u8, number: usize) {
        let block: *mut Free = block.cast();
        // SAFETY: a free block is at least 16 bytes, aligned to its size, and nobody else's.
        unsafe { block.write(Free { next: self.small[number], bytes: 0 }) };
        self.small[number] = block;
    }

    unsafe fn allocate_small(&mut self, number: usize) -> *mut u8 {
        let block = self.small[number];
        if !block.is_null() {
            // SAFETY: what lies in the list was written by free_small.
            self.small[number] = unsafe { (*block).next };
            return block.cast();
        }
        let bytes = 1usize << (SMALLEST_BITS + number as u32);
        // What lies before the next aligned place becomes smaller blocks.
        while !self.fresh.is_null() && self.fresh < self.fresh_end && self.fresh as usize % bytes != 0 {
            let smaller = (self.fresh as usize).trailing_zeros();
            let gap = self.fresh;
            self.fresh = gap.wrapping_add(1 << smaller);
            unsafe { self.free_small(gap, (smaller - SMALLEST_BITS) as usize) };
        }
        if self.fresh == self.fresh_end {
            // Pages are aligned to more than any small block, and hold a whole number of each.
            self.fresh = unsafe { self.allocate_pages(PAGE) };
            self.fresh_end = self.fresh;
            if self.fresh.is_null() {
                return ptr::null_mut();
            }
            self.fresh_end = self.fresh.wrapping_add(PAGE);
        }
        let block = self.fresh;
        self.fresh = block.wrapping_add(bytes);
        block
    }

    unsafe fn allocate_pages(&mut self, bytes: usize) -> *mut u8 {
        let mut link: *mut *mut Free = &mut self.extents;
        // SAFETY: links and extents were written by free_pages.
        unsafe {
            while !(*link).is_null() {
                let extent = *link;
                if (*extent).bytes >= bytes {
                    let rest = (*extent).bytes - bytes;
                    if rest == 0 {
                        *link = (*extent).next;
                    }
                    (*extent).bytes = rest;
                    return extent.cast::<u8>().wrapping_add(rest);
                }
                link = &mut (*extent).next;
            }
        }
        self.grow(bytes)
    }

    /// Takes more than is asked for as long as it is small, so that many small requests are few calls of the host.
    fn grow(&mut self, bytes: usize) -> *mut u8 {
        let more = bytes.max(self.taken.min(GROW_BYTES_MAX));
        for bytes_now in [more, bytes] {
            if let Some(begin) = self.pages.grow(bytes_now) {
                self.taken += bytes_now;
                if bytes_now > bytes {
                    unsafe { self.free_pages(begin.wrapping_add(bytes), bytes_now - bytes) };
                }
                return begin;
            }
        }
        ptr::null_mut()
    }

    unsafe fn free_pages(&mut self, block: *mut u8, bytes: usize) {
        let block: *mut Free = block.cast();
        let mut before: *mut Free = ptr::null_mut();
        let mut after = self.extents;
        // SAFETY: extents were written here; the block is whole pages and nobody else's.
        unsafe {
            while !after.is_null() && after < block {
                before = after;
                after = (*after).next;
            }
            block.write(Free { next: after, bytes });
            join(block);
            if before.is_null() {
                self.extents = block;
            } else {
                (*before).next = block;
                join(before);
            }
        }
    }
}

/// Makes one extent of this one and the next, where they lie side by side.
unsafe fn join(extent: *mut Free) {
    // SAFETY: both were written by free_pages.
    unsafe {
        let next = (*extent).next;
        if !next.is_null() && extent.cast::<u8>().wrapping_add((*extent).bytes) == next.cast() {
            (*extent).bytes += (*next).bytes;
            (*extent).next = (*next).next;
        }
    }
}

enum Size {
    Small(usize), // its number, from 0 on
    Pages(usize), // bytes, a multiple of the page
}

fn size_of(layout: Layout) -> Size {
    let bytes = layout.size().max(layout.align()).max(1 << SMALLEST_BITS);
    if bytes <= 1 << LARGEST_BITS {
        return Size::Small((bytes.next_power_of_two().trailing_zeros() - SMALLEST_BITS) as usize);
    }
    // Cannot overflow: a layout's size is at most isize::MAX.
    Size::Pages(layout.size().max(1).div_ceil(PAGE) * PAGE)
}

#[cfg(target_arch = "wasm32")]
mod global {
    use super::*;
    use core::alloc::GlobalAlloc;
    use core::arch::wasm32;
    use core::cell::UnsafeCell;

    struct Memory;

    impl Pages for Memory {
        fn grow(&mut self, bytes: usize) -> Option<*mut u8> {
            match wasm32::memory_grow(0, bytes / PAGE) {
                usize::MAX => None,
                pages => Some((pages * PAGE) as *mut u8),
            }
        }
    }

    struct Global(UnsafeCell<Heap<Memory>>);

    // SAFETY: a guest has one thread.
    unsafe impl Sync for Global {}

    unsafe impl GlobalAlloc for Global {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: one thread, and the heap calls nothing that allocates.
            unsafe { (*self.0.get()).allocate(layout) }
        }
        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: as above.
            unsafe { (*self.0.get()).free(block, layout) }
        }
        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            // SAFETY: the caller gives a size that is a layout with this alignment.
            let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
            match (size_of(layout), size_of(wanted)) {
                (Size::Small(old), Size::Small(new)) if old == new => return block,
                (Size::Pages(old), Size::Pages(new)) if old == new => return block,
                _ => {}
            }
            // SAFETY: both blocks hold the smaller of the sizes.
            unsafe {
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(block, moved, size.min(layout.size()));
                    self.dealloc(block, layout);
                }
                moved
            }
        }
    }

    #[global_allocator]
    static GLOBAL: Global = Global(UnsafeCell::new(Heap::new(Memory)));

    /// Bytes of memory that the allocator has from the host.
    pub fn heap_bytes() -> usize {
        // SAFETY: one thread.
        unsafe { (*GLOBAL.0.get()).taken() }
    }
}

#[cfg(target_arch = "wasm32")]
pub use global::heap_bytes;

#[cfg(test)]
#[path = "heap_test.rs"]
mod tests;
