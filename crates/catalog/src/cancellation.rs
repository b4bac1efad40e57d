//! The wish to give up a scan or what follows from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that every clone shares. Long work looks at it between its steps; what it returns after that is incomplete and
/// to be dropped.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Asks the work to give up. There is no way back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work is to be given up.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
