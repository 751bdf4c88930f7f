//! Conversion between a stream of a connection and the id by which the store knows its transfer.

use crate::hub::input::ConnId;
use crate::store::TransferId;

/// The id of the transfer on a stream of a connection.
pub fn transfer_id(conn: ConnId, stream: u32) -> TransferId {
    let connection = u64::from(conn.generation) << 32 | u64::from(conn.slot);
    TransferId { connection, stream }
}

/// The connection of a transfer.
pub fn conn_of(transfer: TransferId) -> ConnId {
    ConnId { slot: transfer.connection as u32, generation: (transfer.connection >> 32) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_found_again_by_the_id_of_its_transfer() {
        for (slot, generation) in [(0, 1), (7, u32::MAX), (u32::MAX, 9)] {
            let conn = ConnId { slot, generation };
            assert_eq!(conn_of(transfer_id(conn, 5)), conn);
        }
    }
}
