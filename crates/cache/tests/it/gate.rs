//! A place in the code under test that waits until the test lets it go on.

use tokio::sync::oneshot;

/// The test's side: learns that the place was reached, and opens it.
pub(crate) struct Gate {
    reached: oneshot::Receiver<()>,
    open: oneshot::Sender<()>,
}

impl Gate {
    /// A gate and the barrier that it opens.
    pub(crate) fn new() -> (Self, Barrier) {
        let (reached_sender, reached) = oneshot::channel();
        let (open, open_receiver) = oneshot::channel();
        (Self { reached, open }, Barrier { reached: reached_sender, open: open_receiver })
    }

    /// Waits until somebody stands before the gate.
    pub(crate) async fn reached(&mut self) {
        (&mut self.reached).await.expect("somebody reaches the gate");
    }

    pub(crate) fn open(self) {
        self.open.send(()).expect("somebody stands before the gate");
    }
}

/// The other side: waits for the gate.
pub(crate) struct Barrier {
    reached: oneshot::Sender<()>,
    open: oneshot::Receiver<()>,
}

impl Barrier {
    /// Reports and waits; a gate that was dropped never opens.
    pub(crate) async fn pass(self) {
        self.reached.send(()).ok();
        if self.open.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
