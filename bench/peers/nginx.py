"""nginx of Debian, set as Debian sets it (sendfile, tcp_nopush), but one worker that keeps files open and logs nothing."""

import os
import pathlib

from harness.lab import Lab
from peers.installed import Missing, installed, run
from peers.server import Server, free_port

NAME = "nginx, sendfile"
VERSION = "debian"  # The revision in the archive changes with each security update.

CONFIG = """
daemon off;
worker_processes 1;
pid {scratch}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    sendfile_max_chunk 2m;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=100;
    {temporary}
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def program() -> pathlib.Path:
    """Only unpacked: installed by apt-get it would start a server of its own at once."""

    def fetch(directory):
        download = ("apt-get", "-qq", "-o", "APT::Sandbox::User=", "download", "nginx")
        try:
            run(*download, directory=directory)
        except Missing:  # The lists may be old, or not there yet.
            run("apt-get", "-qq", "update", directory=directory)
            run(*download, directory=directory)
        for package in directory.glob("*.deb"):
            run("dpkg", "-x", package, directory, directory=directory)
            package.unlink()

    return installed("nginx", VERSION, "usr/sbin/nginx", fetch)


def serve(lab: Lab, core: int | None, root: pathlib.Path) -> Server:
    """Serves the files of `root`."""
    port = free_port()
    temporary = "\n    ".join(f"{name}_temp_path {lab.scratch}/nginx-{name};" for name in TEMPORARY)
    config = lab.scratch / "nginx.conf"
    as_us = "user root;\n" if os.geteuid() == 0 else ""  # Else its worker could not read the scratch directory.
    config.write_text(as_us + CONFIG.format(scratch=lab.scratch, port=port, root=root, temporary=temporary))
    return Server([program(), "-c", config, "-e", "stderr"], port, core, lab.scratch / "nginx.log")
