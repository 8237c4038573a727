//! One tab: where it goes, what is typed into it, what it shows, and what it complained of.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::connection::Connection;

/// How long [`Tab::until`] looks, and how often.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);

/// A tab of a [`Browser`](super::Browser).
#[derive(Debug)]
pub struct Tab {
    connection: Connection,
    session: String,
}

impl Tab {
    pub(super) async fn open(connection: Connection, width: u32, height: u32) -> Result<Self> {
        let target = connection.call(None, "Target.createTarget", json!({ "url": "about:blank" })).await?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = connection.call(None, "Target.attachToTarget", attach).await?;
        let session = attached["sessionId"].as_str().context("a session")?.to_owned();
        let tab = Self { connection, session };
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            tab.call(&format!("{domain}.enable"), json!({})).await?;
        }
        tab.resize(width, height).await?;
        Ok(tab)
    }

    /// Orders something of the protocol.
    ///
    /// # Errors
    /// When the browser refuses, or has died.
    pub async fn call(&self, method: &str, parameters: Value) -> Result<Value> {
        self.connection.call(Some(&self.session), method, parameters).await
    }

    /// Makes the page as large as that, in CSS pixels.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await.map(drop)
    }

    /// What the reader's system prefers, as media features: `("prefers-color-scheme", "dark")`.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn prefer(&self, features: &[(&str, &str)]) -> Result<()> {
        let features: Vec<_> = features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.call("Emulation.setEmulatedMedia", json!({ "features": features })).await.map(drop)
    }

    /// Goes to `url` and waits until it was loaded.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn go(&self, url: &str) -> Result<()> {
        let gone = self.call("Page.navigate", json!({ "url": url })).await?;
        if let Some(error) = gone.get("errorText") {
            bail!("go to {url}: {error}");
        }
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'").await
    }

    /// The value of an expression of the page's own language; promises are waited for.
    ///
    /// # Errors
    /// When it throws.
    pub async fn value(&self, expression: &str) -> Result<Value> {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", asked).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("{expression}: {thrown}");
        }
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until the expression is true.
    ///
    /// # Errors
    /// When that takes too long; with what the page shows.
    pub async fn until(&self, expression: &str) -> Result<()> {
        let start = Instant::now();
        while self.value(expression).await? != true {
            if start.elapsed() > PATIENCE {
                bail!("waited in vain for {expression} in: {}", self.value("document.body?.innerText").await?);
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Presses and releases keys: `Tab`, `Enter`, or single characters.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn press(&self, key: &str) -> Result<()> {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            _ => (0, key),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({ "type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Types a text where the focus is.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn type_text(&self, text: &str) -> Result<()> {
        self.call("Input.insertText", json!({ "text": text })).await.map(drop)
    }

    /// Presses the main button of the mouse in the middle of the first element of a CSS selector.
    ///
    /// # Errors
    /// When there is none.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let place = format!(
            "(() => {{ const element = document.querySelector({selector:?}); element.scrollIntoView({{ block: 'center' }}); \
             const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let place = self.value(&place).await?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// The page as a picture, from top to bottom: PNG in base64.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn picture(&self) -> Result<String> {
        let taken = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true })).await?;
        Ok(taken["data"].as_str().unwrap_or_default().to_owned())
    }

    /// What screen readers get: each node with its role and name.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn accessible(&self) -> Result<Vec<(String, String)>> {
        let tree = self.call("Accessibility.getFullAXTree", json!({})).await?;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let seen = nodes.iter().filter(|node| node["ignored"] != true);
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        Ok(seen.map(|node| (text(&node["role"]), text(&node["name"]))).collect())
    }

    /// What the page complained of: errors and warnings of its console, exceptions, refusals of its policy, failed loads.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.connection.events(&self.session).iter().filter_map(complaint).collect()
    }
}

fn complaint(event: &Value) -> Option<String> {
    let parameters = &event["params"];
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => Some(format!("exception: {}", parameters["exceptionDetails"])),
        "Runtime.consoleAPICalled" => {
            let kind = parameters["type"].as_str()?;
            ["error", "warning", "assert"].contains(&kind).then(|| format!("console: {}", parameters["args"]))
        }
        "Log.entryAdded" => {
            let entry = &parameters["entry"];
            let is_bad = ["error", "warning"].contains(&entry["level"].as_str()?);
            is_bad.then(|| format!("log: {} {}", entry["text"], entry["url"]))
        }
        _ => None,
    }
}
