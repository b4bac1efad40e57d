//! Processing a slice in parallel where that pays.

use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this gain nothing on a tree of small files.
const MAX_THREADS: usize = 4;

/// Maps `items` by `work`, results in their order. A thread takes `share` items at a time: few enough that no thread is left
/// with all large ones at the end, so many that fewer than two shares are not worth a thread.
pub(super) fn in_shares<T: Sync, R: Send>(
    items: &[T],
    share: usize,
    work: impl Fn(&[T]) -> Vec<R> + Sync,
) -> Vec<R> {
    let shares = items.len().div_ceil(share);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).min(shares);
    if threads <= 1 {
        return work(items);
    }
    let next = AtomicUsize::new(0);
    let one_thread = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= shares {
                return done;
            }
            let end = items.len().min((number + 1) * share);
            done.push((number, work(&items[number * share..end])));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(one_thread)).collect();
        let mut done = one_thread();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    use super::in_shares;

    #[test]
    fn results_are_in_order_whoever_made_them() {
        for count in [0_usize, 1, 31, 32, 33, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            let doubled = in_shares(&items, 32, |some| some.iter().map(|item| item * 2).collect());
            assert_eq!(doubled, (0..count).map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
