//! The writing of exports, some of one at a time.

use crate::chat::id::UploadId;
use crate::hub::job::Value;
use crate::store::folder::FileRefusal;
use crate::store::parts::Parts;
use crate::store::requests::ExportWrite;
use crate::store::rows::own::OwnRows;

use rustix::io::Errno;

/// The number of bytes for which there has to be room when an export is asked for.
const ROOM_TO_BEGIN: u64 = 1024 * 1024;

/// Creates the file of an export, if there is room.
pub(super) fn begin(parts: &Parts, file: UploadId) -> Result<Value, FileRefusal> {
    parts.begin_export(file, ROOM_TO_BEGIN)?;
    Ok(Value::ExportKept(file))
}

/// Writes some of an export.
pub(super) fn write(parts: &Parts, task: ExportWrite) -> Result<Value, FileRefusal> {
    let ExportWrite { file, at, mut rows, .. } = task;
    look_at_files(parts, &mut rows)?;
    parts.write_export(file, (at, &rows.lines), rows.next.is_none())?;
    Ok(Value::ExportWritten { next: rows.next, size: at + rows.lines.len() as u64 })
}

/// Adds the lines of files of the shared folder that are still there.
fn look_at_files(parts: &Parts, rows: &mut OwnRows) -> Result<(), FileRefusal> {
    for file in std::mem::take(&mut rows.files) {
        let time = match parts.folder().size_and_time_of(&file.name) {
            Ok((size, time)) if size == file.size => u64::try_from(time).ok(),
            // It was removed by hand.
            Ok(_) | Err(FileRefusal::NotFound) => continue,
            Err(_) => None,
        };
        let pushed = rows.push_shared(&file.name, file.size, time);
        pushed.map_err(|_| FileRefusal::Failed(Errno::INVAL))?;
    }
    Ok(())
}
