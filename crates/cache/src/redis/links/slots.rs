//! Hash slots of a cluster: which one a tag has, and who serves which.

use std::ops::RangeInclusive;

use redis::{FromRedisValue, Value};

/// Slots of every cluster.
const SLOTS: u16 = 16_384;

/// Host and port.
pub(super) type Node = (String, u16);

/// A range of slots, its master, and all nodes that have it, the master included.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Served {
    slots: RangeInclusive<u16>,
    nodes: Vec<Node>,
}

/// The slot of a hash tag: CRC16 (XMODEM), as the cluster specification has it.
pub(super) fn slot_of(tag: &str) -> u16 {
    let step = |crc: u16| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
    let crc = tag.bytes().fold(0, |crc: u16, byte| (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _bit| step(crc)));
    crc % SLOTS
}

/// Reads the answer to `CLUSTER SLOTS`; `asked` stands for a host of which the answering node knows no name.
pub(super) fn served(answer: Value, asked: &str) -> Option<Vec<Served>> {
    let Value::Array(ranges) = answer else { return None };
    ranges.into_iter().map(|range| served_range(range, asked)).collect()
}

fn served_range(range: Value, asked: &str) -> Option<Served> {
    let Value::Array(parts) = range else { return None };
    let mut parts = parts.into_iter();
    let (first, last) = (number(parts.next()?)?, number(parts.next()?)?);
    let nodes = parts.map(|part| node(part, asked)).collect::<Option<_>>()?;
    Some(Served { slots: first..=last, nodes })
}

fn node(part: Value, asked: &str) -> Option<Node> {
    let Value::Array(parts) = part else { return None };
    let mut parts = parts.into_iter();
    let host: Option<String> = FromRedisValue::from_redis_value(parts.next()?).ok()?;
    let host = host.filter(|host| !host.is_empty()).unwrap_or_else(|| asked.to_owned());
    Some((host, number(parts.next()?)?))
}

fn number(value: Value) -> Option<u16> {
    FromRedisValue::from_redis_value(value).ok()
}

/// The master of a slot.
pub(super) fn master(served: &[Served], slot: u16) -> Option<&Node> {
    served.iter().find(|range| range.slots.contains(&slot))?.nodes.first()
}

/// All nodes, each once.
pub(super) fn nodes(served: &[Served]) -> Vec<Node> {
    let mut nodes: Vec<Node> = served.iter().flat_map(|range| range.nodes.iter().cloned()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn a_node(host: Value, port: i64) -> Value {
        Value::Array(vec![host, Value::Int(port), text("id"), Value::Array(Vec::new())])
    }

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(slot_of("123456789"), 0x31C3);
        assert_eq!(slot_of("foo"), 12_182);
        assert_eq!(slot_of(""), 0);
    }

    #[test]
    fn an_answer_names_the_master_of_each_slot() {
        let low = vec![Value::Int(0), Value::Int(99), a_node(text("10.0.0.1"), 1), a_node(text("10.0.0.2"), 2)];
        let high = vec![Value::Int(200), Value::Int(16_383), a_node(Value::Nil, 3)];
        let served = served(Value::Array(vec![Value::Array(low), Value::Array(high)]), "asked").unwrap();
        assert_eq!(master(&served, 99), Some(&("10.0.0.1".to_owned(), 1)));
        assert_eq!(master(&served, 100), None);
        assert_eq!(master(&served, 200), Some(&("asked".to_owned(), 3)));
        assert_eq!(nodes(&served).len(), 3);
    }

    #[test]
    fn an_answer_of_another_form_is_refused() {
        for answer in [Value::Nil, Value::Array(vec![Value::Int(1)]), Value::Array(vec![Value::Array(vec![text("x")])])]
        {
            assert_eq!(served(answer, "asked"), None);
        }
    }
}
