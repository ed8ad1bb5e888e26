//! Settings and statistics as data.
#![cfg(feature = "serde")]

use std::alloc::Layout;

use goo_pool_core::{Config, Growth, RawPool, Return, Reuse, Stats};

#[test]
fn settings_come_from_a_file_and_go_back() {
    let config: Config = serde_json::from_str(r#"{ "capacity": 10, "max_chunks": 100 }"#).unwrap();
    assert_eq!(config, Config::default().with_capacity(10).with_max_chunks(100));
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);

    let pool = RawPool::builder(Layout::new::<u64>()).config(config).build().unwrap();
    assert!(pool.capacity() >= 10);
    assert!(pool.reserve(101).is_err());
}

#[test]
fn strategies_have_plain_names() {
    for (text, config) in [
        (r#"{ "growth": "doubling", "returns": "hysteresis" }"#, Config::default()),
        (r#"{ "growth": "adaptive" }"#, Config::default().with_growth(Growth::Adaptive)),
        (
            r#"{ "growth": { "fixed": { "bytes": 4096 } } }"#,
            Config::default().with_growth(Growth::Fixed { bytes: 4096 }),
        ),
        (r#"{ "returns": "never" }"#, Config::default().with_returns(Return::Never)),
        (r#"{ "returns": "at_once" }"#, Config::default().with_returns(Return::AtOnce)),
    ] {
        assert_eq!(serde_json::from_str::<Config>(text).unwrap(), config, "{text}");
        let written = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<Config>(&written).unwrap(), config, "{written}");
    }
    assert!(serde_json::from_str::<Config>(r#"{ "growth": "tripling" }"#).is_err());
}

#[test]
fn an_order_of_reuse_has_a_name() {
    let config: Config = serde_json::from_str(r#"{ "reuse": "lowest_address" }"#).unwrap();
    assert_eq!(config, Config::default().with_reuse(Reuse::LowestAddress));
    assert!(serde_json::to_string(&config).unwrap().contains(r#""reuse":"lowest_address""#));
}

#[test]
fn a_setting_with_a_wrong_name_is_an_error() {
    let error = serde_json::from_str::<Config>(r#"{ "max_chunk": 100 }"#).unwrap_err();
    assert!(error.to_string().contains("max_chunk"), "{error}");
}

#[test]
fn statistics_round_trip() {
    let pool = RawPool::new(Layout::new::<[u8; 48]>()).unwrap();
    pool.allocate().unwrap();
    let stats = pool.stats();
    let text = serde_json::to_string(&stats).unwrap();
    assert!(text.contains(r#""live_chunks":1"#), "{text}");
    assert_eq!(serde_json::from_str::<Stats>(&text).unwrap(), stats);
}
