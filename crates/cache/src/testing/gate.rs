//! A place in the code under test that waits until the test lets it go on.

use tokio::sync::oneshot;

/// The test's side: learns that the place was reached, and opens it. Dropped, it never opens.
#[derive(Debug)]
pub struct Gate {
    reached: oneshot::Receiver<()>,
    open: oneshot::Sender<()>,
}

impl Gate {
    /// A gate and the barrier that it opens.
    pub fn new() -> (Self, Barrier) {
        let (reached_sender, reached) = oneshot::channel();
        let (open, open_receiver) = oneshot::channel();
        (Self { reached, open }, Barrier { reached: reached_sender, open: open_receiver })
    }

    /// Waits until somebody stands before the gate.
    ///
    /// # Panics
    /// When the barrier is gone: nobody will ever reach it.
    pub async fn reached(&mut self) {
        (&mut self.reached).await.expect("somebody reaches the gate");
    }

    /// Lets whoever stands before the gate, or will, go on.
    pub fn open(self) {
        // Whoever stood there may have been dropped meanwhile.
        self.open.send(()).ok();
    }
}

/// The other side: waits for the gate.
#[derive(Debug)]
pub struct Barrier {
    reached: oneshot::Sender<()>,
    open: oneshot::Receiver<()>,
}

impl Barrier {
    /// Reports and waits; a gate that was dropped never opens.
    pub async fn pass(self) {
        self.reached.send(()).ok();
        if self.open.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A point at which other tasks may run under a model checker, for a short or a long time; otherwise nothing.
pub(super) async fn interleave() {
    #[cfg(shuttle)]
    {
        use shuttle::rand::Rng as _;
        let steps = 1 << shuttle::rand::thread_rng().gen_range(0..6);
        for _ in 0..steps {
            shuttle::future::yield_now().await;
        }
    }
}
