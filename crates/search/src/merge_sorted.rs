//! Merging a few unsorted items into a sorted sequence.

/// All of `sorted` and all of `added`, in ascending order. `added` need not be sorted; duplicates are preserved. One pass
/// over `sorted`, O(n + m log m).
pub(crate) fn merge_sorted<T: Ord>(sorted: impl Iterator<Item = T>, mut added: Vec<T>) -> Vec<T> {
    added.sort_unstable();
    let mut merged = Vec::with_capacity(sorted.size_hint().0 + added.len());
    let mut added = added.into_iter().peekable();
    for item in sorted {
        while let Some(before) = added.next_if(|other| *other < item) {
            merged.push(before);
        }
        merged.push(item);
    }
    merged.extend(added);
    merged
}
