//! A global allocator that counts what each thread of the test binary holds, so that readers can be held to a bound.
//!
//! Layout     per thread: bytes held now and the most since the last reset; bytes that another thread frees are not seen
//! Edge cases work that is measured has to stay on one thread: `damage` installs a rayon pool of one
//! Cost       two additions and a comparison per allocation
//! See also   `damage`

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

struct Counting;

fn count(bytes: i64) {
    // A thread that is being torn down has no counters left.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call goes to the system's allocator with the same arguments; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as i64 - layout.size() as i64);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Does `work` and says how many bytes it held at most beyond those held before.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = HELD.with(Cell::get);
    MOST.with(|most| most.set(before));
    let done = work();
    (done, (MOST.with(Cell::get) - before).max(0) as u64)
}

#[test]
fn the_most_that_was_held_is_seen() {
    let (kept, bytes) = peak(|| {
        drop(std::hint::black_box(vec![1u8; 5 << 20]));
        std::hint::black_box(vec![1u8; 1 << 20])
    });
    assert_eq!(kept.len(), 1 << 20);
    assert!((5 << 20..6 << 20).contains(&bytes), "{bytes}");
}
