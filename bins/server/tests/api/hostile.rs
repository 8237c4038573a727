//! Requests that mean harm: a slice of what `cargo x fuzz-api --hostile` sends.

use larder_test_support::attack;

use crate::{
    cluster::eventually,
    larder::{ADMIN_TOKEN, Larder},
};

#[tokio::test]
async fn hostile_requests_neither_break_the_server_nor_hang() {
    let settings = [("LARDER__AUTH__FAILURES_PER_MINUTE", "1000000"), ("LARDER__RATE_LIMIT__ENABLED", "false")];
    let larder = Larder::start(&settings);
    eventually("there is a live state", async || {
        let state = larder.get("/admin/live").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
        state.status() == 200
    })
    .await;
    let address = larder.address().parse().expect("an address");
    let survived = attack(address, 2_000, 1, ADMIN_TOKEN).await.expect("connects");
    assert!(survived.failed.is_empty() && survived.hung.is_empty(), "{survived:#?}");
    let good = survived.statuses.get(&200).copied().unwrap_or_default();
    assert!(good > 100, "hardly anything got through: {:?}", survived.statuses);
    assert_eq!(larder.get("/livez").send().await.expect("an answer").status(), 200);
}
