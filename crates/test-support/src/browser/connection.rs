//! The DevTools protocol through a pair of pipes: JSON messages that end with a zero byte.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout},
    sync::{mpsc, oneshot},
};

/// No order takes so long, unless the browser hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser that takes orders; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    orders: mpsc::UnboundedSender<Vec<u8>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Value>>,
    /// What happened without being asked for, in order.
    events: Vec<Value>,
}

impl Connection {
    pub(super) fn new(mut orders: ChildStdin, answers: ChildStdout) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Vec<u8>>();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        #[expect(clippy::disallowed_methods, reason = "it ends with the pipe, which ends with the test")]
        tokio::spawn(async move {
            while let Some(order) = receiver.recv().await {
                if orders.write_all(&order).await.is_err() {
                    break;
                }
            }
        });
        #[expect(clippy::disallowed_methods, reason = "it ends with the pipe, which ends with the test")]
        tokio::spawn(async move {
            let mut answers = BufReader::new(answers);
            let mut message = Vec::new();
            while answers.read_until(0, &mut message).await.is_ok_and(|length| length > 0) {
                message.pop();
                lock(&shared).take(&message);
                message.clear();
            }
            // Who waits learns that nothing more comes.
            lock(&shared).waiting.clear();
        });
        Self { orders: sender, state }
    }

    /// Orders something, of a tab's `session` or of the browser as a whole, and gives the result.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, parameters: Value) -> Result<Value> {
        let (sender, receiver) = oneshot::channel();
        let id = {
            let mut state = lock(&self.state);
            state.last += 1;
            let id = state.last;
            state.waiting.insert(id, sender);
            id
        };
        let mut order = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            order["sessionId"] = session.into();
        }
        let mut bytes = serde_json::to_vec(&order)?;
        bytes.push(0);
        self.orders.send(bytes).ok().context("the browser has ended")?;
        let answer = tokio::time::timeout(PATIENCE, receiver).await;
        let answer = answer.with_context(|| format!("{method}: no answer"))?.context("the browser has ended")?;
        if let Some(error) = answer.get("error") {
            bail!("{method}: {error}");
        }
        Ok(answer["result"].clone())
    }

    /// What happened in `session` so far, as `method` and `params`.
    pub(super) fn events(&self, session: &str) -> Vec<Value> {
        let state = lock(&self.state);
        state.events.iter().filter(|event| event["sessionId"] == session).cloned().collect()
    }
}

impl State {
    fn take(&mut self, message: &[u8]) {
        let Ok(message) = serde_json::from_slice::<Value>(message) else { return };
        match message["id"].as_u64() {
            Some(id) => {
                if let Some(sender) = self.waiting.remove(&id) {
                    // Who asked may have given up.
                    sender.send(message).unwrap_or_default();
                }
            }
            None => self.events.push(message),
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
