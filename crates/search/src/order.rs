//! Sorted things put together.

/// All of `old`, which is sorted, and of `new`, which need not be, in order; takes time for one pass over `old`.
pub(crate) fn woven<T: Ord>(old: impl Iterator<Item = T>, mut new: Vec<T>) -> Vec<T> {
    new.sort_unstable();
    let mut all = Vec::with_capacity(old.size_hint().0 + new.len());
    let mut new = new.into_iter().peekable();
    for item in old {
        while let Some(before) = new.next_if(|other| *other < item) {
            all.push(before);
        }
        all.push(item);
    }
    all.extend(new);
    all
}
