/** How an image or a running container is told to trust the CA: nothing here can do it from outside. */
import { shellWord } from '../shell-word.ts'
import type { TrustedCa } from './trust-store.ts'

/** For standard output. */
export const containerRecipe = (
  ca: TrustedCa,
): string => `# Nothing was changed: containers have their own stores. Copy the certificate next to the Dockerfile:
cp ${shellWord(ca.path)} weir-ca.pem

# In a Dockerfile of Debian or Ubuntu (package ca-certificates):
COPY weir-ca.pem /usr/local/share/ca-certificates/weir.crt
RUN update-ca-certificates
# of Alpine (package ca-certificates): the same two lines.
# of Fedora, RHEL or UBI:
COPY weir-ca.pem /etc/pki/ca-trust/source/anchors/weir.pem
RUN update-ca-trust

# For programs in it that bring their own roots:
ENV NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/weir.crt
ENV REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
RUN keytool -importcert -noprompt -cacerts -storepass changeit -alias weir -file /usr/local/share/ca-certificates/weir.crt

# Without another image, for one run (the session needs "host":"0.0.0.0" and a password to be reached from a container):
docker run -v ${shellWord(`${ca.path}:/weir-ca.pem:ro`)} -e SSL_CERT_FILE=/weir-ca.pem -e NODE_EXTRA_CA_CERTS=/weir-ca.pem \\
  -e HTTPS_PROXY=http://USER:PASSWORD@host.docker.internal:PORT --add-host host.docker.internal:host-gateway IMAGE
`
