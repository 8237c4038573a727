//! A browser that looks at the page of a server.

use larder_test_support::{Browser, Tab};

use crate::larder::Larder;

/// What is read on the page.
pub(crate) const LIVE: &str = "document.body.dataset.state === 'live'";

/// A tab that shows a page; the browser ends with it.
pub(crate) struct Scene {
    pub(crate) tab: Tab,
    _browser: Browser,
}

impl Scene {
    /// Opens the page of `larder`, whatever it shows.
    pub(crate) async fn of(larder: &Larder) -> Self {
        Self::preferring(larder, &[], 1280).await
    }

    /// Opens it for a reader whose system prefers `features`, `width` CSS pixels wide.
    pub(crate) async fn preferring(larder: &Larder, features: &[(&str, &str)], width: u32) -> Self {
        let browser = Browser::start().await.expect("a browser");
        let tab = browser.tab(width, 900).await.expect("a tab");
        tab.prefer(features).await.expect("is preferred");
        tab.go(&format!("{}/", larder.base)).await.expect("is loaded");
        Self { tab, _browser: browser }
    }

    /// Waits until figures come.
    pub(crate) async fn live(self) -> Self {
        self.until(LIVE).await;
        self.until("document.getElementById('node-version').textContent !== '–'").await;
        self
    }

    pub(crate) async fn until(&self, expression: &str) {
        self.tab.until(expression).await.expect("becomes true");
    }

    /// Waits until the element of that id says something with `text` in it.
    pub(crate) async fn says(&self, id: &str, text: &str) {
        self.until(&format!("document.getElementById({id:?}).textContent.includes({text:?})")).await;
    }

    pub(crate) async fn text(&self, expression: &str) -> String {
        self.tab.value(expression).await.expect("a value").as_str().unwrap_or_default().to_owned()
    }

    pub(crate) async fn number(&self, expression: &str) -> f64 {
        self.tab.value(expression).await.expect("a value").as_f64().unwrap_or(f64::NAN)
    }

    /// Types into the field of that id, in place of what is there.
    pub(crate) async fn fill(&self, id: &str, text: &str) {
        let select = format!("document.getElementById({id:?}).focus(); document.getElementById({id:?}).select()");
        self.tab.value(&select).await.expect("is there");
        self.tab.type_text(text).await.expect("is typed");
    }

    pub(crate) async fn click(&self, selector: &str) {
        self.tab.click(selector).await.expect("is there");
    }

    /// Fails if the page complained of anything that contains none of `expected`.
    pub(crate) fn assert_content(&self, expected: &[&str]) {
        let complaints = self.tab.complaints();
        let unexpected: Vec<_> =
            complaints.iter().filter(|complaint| !expected.iter().any(|text| complaint.contains(text))).collect();
        assert!(unexpected.is_empty(), "{unexpected:#?}");
    }
}
