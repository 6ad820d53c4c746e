"""A certificate for STARTTLS, made with openssl(1) for one run."""

import os
import subprocess


class Certificate:
    """A self-signed pair of files: `certificate`, and `key`, which only root may read."""

    def __init__(self, folder, host):
        os.makedirs(folder, mode=0o755)
        self.certificate, self.key = os.path.join(folder, "certificate.pem"), os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", self.key, "-out", self.certificate],
                       capture_output=True, timeout=60, check=True)
        os.chmod(self.key, 0o600)
