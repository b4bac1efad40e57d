//! Concurrency permits of requests.
//!
//! A permit stands for CPU work. A call that waits for the disk releases it: the store has a bounded queue of its own, and
//! slow writes must not keep queries out.

use tokio::sync::{Semaphore, SemaphorePermit};

use protocol::OperationClass;

/// The permit of one request.
#[derive(Debug)]
pub(super) struct RequestPermit<'a> {
    semaphore: &'a Semaphore,
    held: Option<SemaphorePermit<'a>>,
}

impl<'a> RequestPermit<'a> {
    /// A permit, where one is free.
    pub(super) fn try_take(semaphore: &'a Semaphore) -> Option<Self> {
        let held = semaphore.try_acquire().ok()?;
        Some(RequestPermit { semaphore, held: Some(held) })
    }

    /// Holds the permit for a call that only computes, releases it for one that waits.
    pub(super) async fn hold_while_computing(&mut self, class: OperationClass) {
        match class {
            OperationClass::Write => self.held = None,
            OperationClass::Read if self.held.is_none() => {
                // The semaphore is never closed; if it were, requests would go on without a limit rather than fail.
                self.held = self.semaphore.acquire().await.ok();
            }
            OperationClass::Read => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_gives_its_permit_back_and_the_next_read_takes_one() {
        let semaphore = Semaphore::new(1);
        let mut permit = RequestPermit::try_take(&semaphore).unwrap();
        assert!(RequestPermit::try_take(&semaphore).is_none());
        permit.hold_while_computing(OperationClass::Write).await;
        assert_eq!(semaphore.available_permits(), 1);
        permit.hold_while_computing(OperationClass::Read).await;
        permit.hold_while_computing(OperationClass::Read).await;
        assert_eq!(semaphore.available_permits(), 0);
        drop(permit);
        assert_eq!(semaphore.available_permits(), 1);
    }
}
