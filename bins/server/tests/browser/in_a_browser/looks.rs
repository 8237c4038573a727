//! How it looks: light and dark, narrow and wide, moving and still.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::{
    cluster::Cluster,
    larder::{ADMIN_TOKEN, Larder},
    load::Load,
    scene::Scene,
};

const DARK: (&str, &str) = ("prefers-color-scheme", "dark");
const LIGHT: (&str, &str) = ("prefers-color-scheme", "light");
const STILL: (&str, &str) = ("prefers-reduced-motion", "reduce");
const IS_TOO_WIDE: &str = "document.documentElement.scrollWidth > document.documentElement.clientWidth";

#[tokio::test(flavor = "multi_thread")]
async fn texts_stand_out_in_light_and_dark() {
    let larder = Larder::start(&[]);
    for theme in [LIGHT, DARK] {
        let scene = Scene::preferring(&larder, &[theme], 1280).await.live().await;
        scene.fill("token", ADMIN_TOKEN).await;
        scene.fill("product", "122").await;
        scene.tab.press("Enter").await.expect("is pressed");
        scene.says("lookup-note", "Product 122 is").await;
        // All states, as what is seen on a bad day has to be read as well.
        for level in ["good", "slow", "bad", "unknown"] {
            let set =
                format!("for (const node of document.querySelectorAll('[data-level]')) node.dataset.level = {level:?}");
            scene.tab.value(&set).await.expect("is set");
            let weak = scene.tab.value(include_str!("contrast.js")).await.expect("a list");
            assert_eq!(weak, Value::Array(vec![]), "{theme:?} {level}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_moves_for_who_wants_it_still() {
    let larder = Larder::start(&[]).hears(false).await;
    let scene = Scene::preferring(&larder, &[STILL], 1280).await.live().await;
    let _load = Load::of(&larder, &[122]);
    scene.until("parseFloat(document.getElementById('share-l1').textContent) > 90").await;
    scene.until("document.querySelector('.band.l1').getBBox().height > 100").await;
    let dots = scene.number("document.querySelectorAll('#flow .dot').length").await;
    assert!(dots.abs() < 0.5, "{dots} dots move");
    assert_eq!(scene.number("document.getAnimations().length").await.to_string(), "0");

    scene.tab.prefer(&[]).await.expect("is preferred");
    scene.until("document.querySelectorAll('#flow .dot').length > 3").await;
    scene.tab.prefer(&[STILL]).await.expect("is preferred");
    scene.until("document.querySelectorAll('#flow .dot').length === 0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fits_into_narrow_and_wide_windows() {
    let larder = Larder::start(&[]);
    let scene = Scene::preferring(&larder, &[], 360).await.live().await;
    scene.fill("token", ADMIN_TOKEN).await;
    scene.fill("product", "122").await;
    scene.tab.press("Enter").await.expect("is pressed");
    scene.says("lookup-note", "Product 122 is").await;
    for width in [360, 420, 640, 768, 1024, 1280, 1920] {
        scene.tab.resize(width, 900).await.expect("is resized");
        assert_eq!(scene.tab.value(IS_TOO_WIDE).await.expect("a value"), Value::Bool(false), "{width}");
    }
}

/// For people to look at, in the folder that cargo keeps for tests.
#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_taken_under_load() {
    let cluster = Cluster::start().await;
    let node = cluster.node().await;
    let _load = Load::of(&node, &cluster.ids[..40]);
    for (name, theme, width) in [("light", LIGHT, 1280), ("dark", DARK, 1280), ("narrow", LIGHT, 360)] {
        let scene = Scene::preferring(&node, &[theme], width).await.live().await;
        scene.fill("token", ADMIN_TOKEN).await;
        scene.fill("product", &cluster.ids[0].to_string()).await;
        scene.tab.press("Enter").await.expect("is pressed");
        scene.says("lookup-note", "present in the database").await;
        scene.until("document.querySelectorAll('#flow .dot').length > 10").await;
        let picture = BASE64_STANDARD.decode(scene.tab.picture().await.expect("a picture")).expect("base64");
        assert!(picture.len() > 20_000, "{name}: {} bytes", picture.len());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{name}.png"));
        std::fs::write(path, picture).expect("is written");
        scene.assert_content(&[]);
    }
}
