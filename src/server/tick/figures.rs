//! The figures of all rooms.

use crate::chat::answer::{Answer, Item, List};
use crate::chat::close::CloseReason;
use crate::chat::request::Kind;
use crate::figures::{Family, MetricKind};
use crate::hub::input::ConnId;
use crate::server::counters::ConnectionCounters;
use crate::server::hub_metrics;
use crate::server::process;
use crate::server::state::Server;

impl Server {
    /// Answers with all figures.
    pub(super) fn list_figures(&mut self, conn: ConnId) {
        let families = self.figures();
        let rows =
            families.iter().flat_map(|family| family.rows.iter().map(move |row| (family, row)));
        let items = rows.map(|(family, row)| Item::Figure(row.line(family.name).into()));
        let last = Answer::done(Kind::Dump);
        let list = List::whole(Kind::Dump, items.collect(), None, last);
        self.send_list(conn, list);
    }

    /// Writes all figures to the log.
    pub(super) fn log_figures(&mut self) {
        for family in self.figures() {
            for row in &family.rows {
                log::info!("event=figure {}", row.line(family.name));
            }
        }
    }

    /// All figures, as they are now.
    pub(super) fn figures(&mut self) -> Vec<Family> {
        let totals = self.connections.totals();
        let ConnectionCounters { accepted, bytes_in, bytes_out, spurious_wakeups, closed } =
            &self.connections.counters;
        let ticks = &self.time.ticks;
        let closes = CloseReason::ALL.iter().map(|why| (why.name(), closed[*why as usize]));
        let mut families = vec![
            Family::counter(
                "chatsrv_connections_accepted_total",
                "Connections taken in.",
                *accepted,
            ),
            Family::gauge("chatsrv_connections", "Connections that stand.", self.connections.len()),
            Family::labelled(
                "chatsrv_connections_closed_total",
                "Connections that ended, by the reason.",
                MetricKind::Counter,
                "reason",
                closes,
            ),
            Family::labelled(
                "chatsrv_network_bytes_total",
                "Bytes read from clients (in) and written to them (out).",
                MetricKind::Counter,
                "direction",
                [("in", bytes_in + totals.bytes_in), ("out", bytes_out + totals.bytes_out)],
            ),
            Family::gauge(
                "chatsrv_send_queue_bytes",
                "Bytes that wait to be written to all clients.",
                totals.waiting,
            ),
            Family::gauge(
                "chatsrv_send_queue_largest_bytes",
                "Bytes that wait to be written to the client for whom most wait.",
                totals.waiting_most,
            ),
            Family::counter(
                "chatsrv_turns_without_progress_total",
                "Events of a connection that changed nothing.",
                *spurious_wakeups,
            ),
            Family::counter(
                "chatsrv_log_lines_lost_total",
                "Lines of the log that nobody took, and that were dropped.",
                crate::log::lines_lost(),
            ),
            ticks.family("chatsrv_tick_seconds", "How long the loop was busy for one wake-up."),
            Family::seconds(
                "chatsrv_tick_longest_seconds",
                "The longest that the loop was busy for one wake-up.",
                ticks.longest(),
            ),
        ];
        families.extend(self.tls.iter().flat_map(|tls| tls.figures(totals.tls)));
        families.extend(process::figures());
        families.extend(hub_metrics::families(&self.hub));
        families.extend(self.store.figures());
        families
    }
}
