//! The page without a mouse, and without sight.

use crate::{
    larder::{ADMIN_TOKEN, Larder},
    scene::Scene,
};

const FOCUSED: &str = "document.activeElement.id || document.activeElement.textContent.trim()";
/// Roles that a person acts on, and those by which one finds one's way.
const CONTROLS: [&str; 6] = ["textbox", "button", "link", "DisclosureTriangle", "checkbox", "combobox"];

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_reaches_the_form_and_sends_it() {
    let larder = Larder::start(&[]);
    let scene = Scene::of(&larder).await.live().await;
    let mut order = Vec::new();
    while order.last().is_none_or(|last| last != "product") {
        scene.tab.press("Tab").await.expect("is pressed");
        order.push(scene.text(FOCUSED).await);
        assert!(order.len() < 30, "{order:?}");
        let outline = scene.text("getComputedStyle(document.activeElement).outlineStyle").await;
        assert_ne!(outline, "none", "the focus is seen on {order:?}");
        if order.last().is_some_and(|last| last == "token") {
            scene.tab.type_text(ADMIN_TOKEN).await.expect("is typed");
        }
    }
    assert_eq!(order, ["Skip to the figures", "Try the API", "Health", "token", "Use token", "product"]);
    scene.tab.type_text("122").await.expect("is typed");
    scene.tab.press("Enter").await.expect("is pressed");
    scene.says("lookup-note", "Product 122 is").await;
    for expected in ["Look up", "invalidate"] {
        scene.tab.press("Tab").await.expect("is pressed");
        assert_eq!(scene.text(FOCUSED).await, expected);
    }
    scene.tab.press("Enter").await.expect("is pressed");
    scene.says("lookup-note", "Every node was told to forget product 122.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_and_picture_has_a_name_and_landmarks_are_there() {
    let larder = Larder::start(&[]);
    let scene = Scene::of(&larder).await.live().await;
    scene.fill("token", ADMIN_TOKEN).await;
    scene.fill("product", "122").await;
    scene.tab.press("Enter").await.expect("is pressed");
    scene.says("lookup-note", "Product 122 is").await;
    let nodes = scene.tab.accessible().await.expect("a tree");
    let unnamed: Vec<_> = nodes
        .iter()
        .filter(|(role, name)| {
            (CONTROLS.contains(&role.as_str()) || role == "image" || role == "table") && name.is_empty()
        })
        .collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
    for (role, name) in [
        ("banner", ""),
        ("main", ""),
        ("contentinfo", ""),
        ("navigation", "Elsewhere on this node"),
        ("heading", "Larder"),
        ("heading", "Where answers come from"),
        ("region", "Look one product up"),
        ("image", "Share of look-ups by the level that answered"),
        ("textbox", "Admin token"),
        ("textbox", "Product id"),
        ("button", "Invalidate"),
    ] {
        assert!(nodes.iter().any(|node| node.0 == role && node.1 == name), "{role} {name:?} in {nodes:?}");
    }
    let ticking = "[...document.querySelectorAll('[role=status], [aria-live]')].map((node) => node.id).join()";
    assert_eq!(
        scene.text(ticking).await,
        "connection,verdict-text,token-note,lookup-note",
        "ticking numbers are not read out"
    );
}
