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


class Link:
    """Another name for a file of the same tar archive: a hard link, which is a file like the other once it is unpacked."""

    def __init__(self, name, target):
        self.name, self.target = name, target


def _sorted(entries):
    # A link comes after the file that it names.
    entries = sorted(entries, key=lambda entry: (isinstance(entry, Link), entry.name))
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
                info.mtime = epoch
                if isinstance(entry, Link):
                    info.type, info.linkname, info.mode = tarfile.LNKTYPE, entry.target, 0o755
                    archive.addfile(info)
                    continue
                info.size, info.mode = len(entry.content), 0o755 if entry.executable else 0o644
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
