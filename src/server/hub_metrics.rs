//! The metrics of the hub, under their names and with their help texts.

use crate::hub::Hub;
use crate::hub::counters::{ByChat, Counters, Gauges, LoginResult};
use crate::metrics::{Family, MetricKind};

/// Reads the metrics of the hub.
pub fn families(hub: &Hub) -> Vec<Family> {
    let Gauges {
        users_online,
        users_up,
        sessions_not_logged_in,
        accounts,
        accounts_banned,
        groups,
        jobs,
        lists,
    } = hub.gauges();
    let counters = hub.counters();
    vec![
        Family::gauge(
            "chatsrv_users_online",
            "Users who are logged in, without the operator.",
            users_online,
        ),
        Family::gauge("chatsrv_users_up", "Users who take direct chats.", users_up),
        Family::gauge(
            "chatsrv_sessions_not_logged_in",
            "Connections on which nobody is logged in yet.",
            sessions_not_logged_in,
        ),
        Family::gauge("chatsrv_accounts", "Accounts.", accounts),
        Family::gauge(
            "chatsrv_accounts_banned",
            "Accounts that are let in no more.",
            accounts_banned,
        ),
        Family::gauge("chatsrv_groups", "Groups.", groups),
        logins(counters),
        by_chat(
            "chatsrv_messages_received_total",
            "Messages that users sent, files among them, by their kind.",
            counters.received,
        ),
        by_chat(
            "chatsrv_messages_delivered_total",
            "Messages handed to connections: one to many counts as many, by their kind.",
            counters.delivered,
        ),
        by_chat(
            "chatsrv_messages_stored_total",
            "Messages kept for users who were offline: one for many counts as many.",
            counters.stored,
        ),
        Family::counter("chatsrv_calls_total", "Tickets given for direct chats.", counters.calls),
        Family::gauge("chatsrv_jobs", "Jobs whose outcome is awaited.", jobs),
        Family::gauge("chatsrv_lists", "Lists of messages that are being read.", lists),
    ]
}

fn logins(counters: &Counters) -> Family {
    let values = LoginResult::ALL.map(|result| (result.name(), counters.logins(result)));
    let help = "Logins, by what came of them.";
    Family::labelled("chatsrv_logins_total", help, MetricKind::Counter, "result", values)
}

fn by_chat(name: &'static str, help: &'static str, counts: ByChat) -> Family {
    let ByChat { everyone, direct, group } = counts;
    let values = [("everyone", everyone), ("direct", direct), ("group", group)];
    Family::labelled(name, help, MetricKind::Counter, "kind", values)
}
