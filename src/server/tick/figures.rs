//! The figures of all rooms.

use crate::figures::{Family, Kind};
use crate::hub::effect::CloseReason;
use crate::hub::input::ConnId;
use crate::protocol::native::codes::Code;
use crate::protocol::native::list::{Item, List};
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::Reply;
use crate::server::counters::ConnectionCounters;
use crate::server::process;
use crate::server::state::Server;

impl Server {
    /// Answers with all figures.
    pub(super) fn list_figures(&mut self, conn: ConnId) {
        let families = self.figures();
        let rows =
            families.iter().flat_map(|family| family.rows.iter().map(move |row| (family, row)));
        let items = rows.map(|(family, row)| Item::Figure(row.line(family.name).into()));
        let last = Reply::text(Code::Done, Verb::Dump, "the state of the server");
        let list = List::whole(Verb::Dump, items.collect(), None, last);
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
                Kind::Counter,
                "reason",
                closes,
            ),
            Family::labelled(
                "chatsrv_network_bytes_total",
                "Bytes read from clients (in) and written to them (out).",
                Kind::Counter,
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
        families.extend(self.hub.figures());
        families.extend(self.store.figures());
        families
    }
}
