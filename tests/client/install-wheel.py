"""Installs a wheel as the specification of wheels says, without pip: install-wheel.py WHEEL FOLDER

Checks RECORD first. Scripts go to FOLDER/bin, with this interpreter in place of `#!python`; prints METADATA and the tags."""
import base64
import csv
import hashlib
import io
import json
import os
import sys
import zipfile

wheel, folder = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    assert archive.testzip() is None
    names = archive.namelist()
    assert len(set(names)) == len(names), names
    info = os.path.basename(wheel).rsplit("-", 3)[0] + ".dist-info"
    rows = list(csv.reader(io.StringIO(archive.read(f"{info}/RECORD").decode())))
    assert sorted(row[0] for row in rows) == sorted(names), (rows, names)
    for name, digest, size in rows:
        if name == f"{info}/RECORD":
            assert (digest, size) == ("", ""), name
            continue
        content = archive.read(name)
        expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={expected}", str(len(content))), name
    scripts = info.replace(".dist-info", ".data") + "/scripts/"
    os.makedirs(os.path.join(folder, "bin"))
    for name in names:
        assert name.startswith((info + "/", scripts)), name
        if name.startswith(scripts):
            content = archive.read(name)
            if content.startswith(b"#!python"):
                content = b"#!" + sys.executable.encode() + content[len(b"#!python"):]
            assert archive.getinfo(name).external_attr >> 16 & 0o111 == 0o111, name
            target = os.path.join(folder, "bin", name[len(scripts):])
            with open(target, "wb") as file:
                file.write(content)
            os.chmod(target, 0o755)
    tags = [line[5:] for line in archive.read(f"{info}/WHEEL").decode().splitlines() if line.startswith("Tag: ")]
    print(json.dumps({"metadata": archive.read(f"{info}/METADATA").decode(), "tags": tags}))
