"""Archives that depend on what is put in and on nothing else: sorted, with one date, and nobody's user id."""
import gzip
import hashlib
import io
import tarfile
import time
import zipfile


class Entry:
    """A file of an archive."""

    def __init__(self, name, content, executable=False):
        self.name, self.executable = name, executable
        self.content = content.encode() if isinstance(content, str) else content


def _sorted(entries):
    entries = sorted(entries, key=lambda entry: entry.name)
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise SystemExit(f"error: an archive would hold a file twice: {names}")
    return entries


def tar_gz(entries, epoch, level):
    """A gzipped tar archive as bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=epoch, compresslevel=level) as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for entry in _sorted(entries):
                info = tarfile.TarInfo(entry.name)
                info.size, info.mtime = len(entry.content), epoch
                info.mode = 0o755 if entry.executable else 0o644
                archive.addfile(info, io.BytesIO(entry.content))
    return packed.getvalue()


def zip_file(entries, epoch, level):
    """A zip archive as bytes, with the entries in the given order. It knows no date before 1980."""
    date = time.gmtime(max(epoch, 315_532_800))[:6]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, date)
            info.create_system, info.compress_type = 3, zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if entry.executable else 0o100644) << 16
            archive.writestr(info, entry.content, compresslevel=level)
    return packed.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()
