"""Certificate authorities and certificates, made by openssl(1)."""

import subprocess


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *map(str, arguments)], cwd=cwd, check=True, capture_output=True)


class Authority:
    """A certificate authority in a directory of its own; `certificate` is the file to trust."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True)
        self.certificate = directory / "ca.pem"
        (directory / "index").touch()
        (directory / "ca.conf").write_text(
            "[ca]\ndefault_ca = this\n"
            "[this]\ndatabase = index\nnew_certs_dir = .\nrand_serial = yes\nunique_subject = no\n"
            "certificate = ca.pem\nprivate_key = ca.key\ndefault_md = sha256\npolicy = any\n"
            "[any]\ncommonName = supplied\n"
        )
        self._key("ca")
        openssl("req", "-x509", "-key", "ca.key", "-subj", "/CN=the tests", "-days", 2, "-out", "ca.pem", cwd=directory)

    def _key(self, name):
        openssl(
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            f"{name}.key",
            cwd=self.directory,
        )

    def issue(self, name, names=("DNS:localhost", "IP:127.0.0.1", "IP:::1"), start=None, end="21000101000000Z"):
        """Makes `name`.pem and `name`.key, and returns their paths; times as YYYYMMDDHHMMSSZ, `start` now."""
        self._key(name)
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr", cwd=self.directory)
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName = {', '.join(names)}\n" if names else "")
        times = (["-startdate", start] if start else []) + ["-enddate", end]
        files = ["-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", extensions]
        openssl("ca", "-batch", "-config", "ca.conf", "-notext", *times, *files, cwd=self.directory)
        return self.directory / f"{name}.pem", self.directory / f"{name}.key"
