import type { Severity } from '../probe/types.ts';

/** The part of a finding that does not depend on the machine. */
export interface FindingText {
  readonly severity: Severity;
  /** What is wrong, in one line. */
  readonly title: string;
  /** Why it matters. */
  readonly why: string;
  /** What to do about it. */
  readonly fix: string;
}

const text = (severity: Severity, title: string, why: string, fix: string): FindingText => ({
  severity,
  title,
  why,
  fix,
});

/** Every finding that a probe can make, by id. An id is a contract: scripts and acknowledgements name it. */
export const findingTexts = {
  'open-ollama': text(
    'critical',
    'Ollama answers without authentication',
    'Anyone who reaches this port can run models at your cost, read what is loaded, pull, delete and replace models, and use the known holes of those routes. About 175,000 such hosts were found in 293 days (SentinelLABS and Censys).',
    'Let Ollama listen on 127.0.0.1 only (OLLAMA_HOST=127.0.0.1:11434), close the port in the firewall, and let clients come through the gateway with a certificate.',
  ),
  'unauthenticated-request-served': text(
    'critical',
    'A request without a client certificate reaches the model API',
    'The certificate is the only thing that tells a service from a stranger; without that check every route behind it is public.',
    'In nginx: `ssl_verify_client on` with `error_page 495 496 497 =401`, and the allowlist of identities before every proxy_pass. Render the gateway again and reload it.',
  ),
  'answers-without-certificate': text(
    'medium',
    'The gateway port answers a request without a client certificate',
    'Either something else than the gateway answers here, or a route lies outside its checks.',
    'Give the right --port and --server-name; if they are right, answer 401 to every request without an accepted certificate, whatever its path.',
  ),
  'foreign-certificate-served': text(
    'critical',
    'A client certificate that nobody signed is accepted',
    'The gateway reads the name in a certificate and does not check who issued it: an attacker writes any name into a certificate of his own.',
    'In nginx: `ssl_verify_client on` (not optional_no_ca) with the private CA in ssl_client_certificate, and 401 unless $ssl_client_verify is SUCCESS.',
  ),
  'foreign-host-served': text(
    'high',
    'Another host name reaches the model API without a certificate',
    'nginx chooses the server block by the Host header and the SNI name: a second or default server on the same address lacks the checks of the first.',
    'Let the default_server of the address answer 401 to everything, or make the gateway its only server.',
  ),
  'refused-without-401': text(
    'low',
    'A request without a valid certificate is refused, but not with 401',
    'Clients and monitoring tell a missing identity by 401. nginx answers 400 with a page of its own unless told otherwise.',
    'In nginx: `error_page 495 496 497 =401 @unauthorized` with a named location that returns 401 and {"error": "…"}.',
  ),
  'client-certificate-not-requested': text(
    'high',
    'The TLS handshake asks for no client certificate',
    'A client that has a certificate is never asked for it, so nothing on this port can depend on one.',
    'In nginx: `ssl_verify_client on` and ssl_client_certificate in the server that clients reach by this name.',
  ),
  'ollama-port-reachable': text(
    'high',
    'Port 11434 can be reached from here',
    'Ollama has no authentication of its own. Whatever refuses requests today, the next change of its configuration or one of its holes opens the model API.',
    'Let Ollama listen on 127.0.0.1 only, or in its own network namespace, and drop the port in the firewall. Ports that Docker publishes bypass ufw.',
  ),
  'open-webui-reachable': text(
    'high',
    'Open WebUI can be reached without the gateway',
    'Its sign-up makes the first visitor administrator, its API keys never expire, and it passes /ollama/ on to the model API. Over plain HTTP its tokens and prompts can be read on the way.',
    'Publish it on 127.0.0.1 only (docker: -p 127.0.0.1:3000:8080) and reach it through a tunnel, a VPN or a proxy with TLS and authentication.',
  ),
  'livereview-reachable': text(
    'medium',
    'LiveReview can be reached directly',
    'Its compose file publishes 8888 and 8081 on all interfaces, past ufw, over plain HTTP: API keys, diffs and tokens of the git host go in clear.',
    'Publish both ports on 127.0.0.1 only and put a proxy with TLS in front of what the git host has to reach.',
  ),
  'other-addresses': text(
    'info',
    'The name has other addresses, which were not probed',
    'Each address is a way in of its own, with its own firewall rules; IPv6 is forgotten most often.',
    'Probe each of them: hardening probe ADDRESS --server-name NAME.',
  ),
  'unexpected-port': text(
    'low',
    'A port answers that is not part of the gateway',
    'Every listener is one more thing to keep patched. A service that was meant for this machine only often listens on all of its addresses.',
    'Stop what listens there (ss -ltnp shows it), bind it to 127.0.0.1, or drop the port in the firewall. Acknowledge it where it is meant to be public.',
  ),
  'gateway-without-tls': text(
    'high',
    "The gateway's TLS port speaks plain HTTP",
    'Prompts, which hold your source code, and the answers go over the network in clear, and no client certificate can be asked for.',
    'In nginx: `listen … ssl` with a certificate on this port. Give --port if the gateway is elsewhere.',
  ),
  'tls-1.0-or-1.1': text(
    'medium',
    'TLS 1.0 or 1.1 is accepted',
    'Both were retired by RFC 8996: they rest on SHA-1 and on CBC modes with known attacks.',
    'In nginx: `ssl_protocols TLSv1.3`, in the default server of the address too: its settings hold for every name.',
  ),
  'tls-1.2': text(
    'low',
    'TLS 1.2 is accepted',
    'In TLS 1.2 certificates travel in clear, the names of your services with them, and no post-quantum key exchange exists. Clients of the gateway all speak TLS 1.3.',
    'In nginx: `ssl_protocols TLSv1.3`, in the default server of the address too: its settings hold for every name.',
  ),
  'no-tls-1.3': text(
    'medium',
    'TLS 1.3 is not accepted',
    'Older versions show client certificates in clear and allow key exchanges without forward secrecy.',
    'In nginx: `ssl_protocols TLSv1.3` with OpenSSL 1.1.1 or later.',
  ),
  'no-post-quantum-key-exchange': text(
    'low',
    'No post-quantum key exchange is offered',
    'Whoever records the traffic today can read it, your source code included, once a large quantum computer exists. The hybrid X25519MLKEM768 protects against that.',
    'In nginx with OpenSSL 3.5 or later (debian-13): `ssl_ecdh_curve X25519MLKEM768:X25519`. debian-12 (OpenSSL 3.0) and ubuntu-24.04 (3.0) cannot: choose a newer target, or acknowledge this finding with that reason.',
  ),
  'key-exchange-groups': text(
    'info',
    'Key-exchange groups that are accepted',
    'For the record: which groups a client may choose.',
    'Nothing to do. In nginx ssl_ecdh_curve sets the list.',
  ),
  'certificate-expired': text(
    'high',
    "The gateway's certificate has expired",
    'Clients that check it refuse to connect; clients that still connect do not check whom they talk to.',
    'Issue a new server certificate, install it and reload nginx.',
  ),
  'certificate-not-yet-valid': text(
    'high',
    "The gateway's certificate is not valid yet",
    'Clients that check it refuse to connect. Often the clock of the machine that issued it was wrong.',
    'Set the clocks (timedatectl), issue the certificate again and reload nginx.',
  ),
  'certificate-ends-soon': text(
    'medium',
    "The gateway's certificate ends within 14 days",
    'When it ends, every review stops at once.',
    'Issue a new server certificate, install it and reload nginx.',
  ),
  'certificate-wrong-name': text(
    'high',
    "The gateway's certificate is for another name",
    'Clients that check it refuse to connect, and what people do then is to turn the check off.',
    'Issue a certificate with this name as a subjectAltName, or give the right name with --server-name.',
  ),
  'certificate-chain-broken': text(
    'high',
    "The gateway's certificate does not lead to the given CA",
    'Either another machine answers here, or clients that trust this CA cannot connect.',
    'Compare the CA file with that of the gateway, and let nginx send the whole chain in ssl_certificate.',
  ),
  'certificate-issuer': text(
    'info',
    "The chain of the gateway's certificate was not judged",
    'A private CA is known to its own clients only, so without its certificate a good one and a forged one look alike.',
    'Give the CA of the gateway with --ca FILE.',
  ),
  'session-resumption': text(
    'low',
    'TLS sessions can be resumed',
    'A resumed session brings no certificate: its identity is that of the first handshake. On a gateway that checks revocation only in handshakes, a revoked client goes on for as long as its session lives.',
    'In nginx: `ssl_session_cache off` and `ssl_session_tickets off`, in the default server of the address too: its settings hold for every name.',
  ),
  'session-resumption-serves-identity': text(
    'medium',
    'A resumed TLS session is served without a certificate',
    'The answer came to a connection that showed no certificate, only a saved session: a client whose certificate is revoked, or a thief of its session file, is served like before.',
    'In nginx: `ssl_session_cache off` and `ssl_session_tickets off` in the default server of the address, and the allowlist of identities checked at every request.',
  ),
  'software-version-shown': text(
    'low',
    'Answers name the software and its version',
    'It tells an attacker which of the published holes to try.',
    'In nginx: `server_tokens off`, in the default server too; remove X-Powered-By with proxy_hide_header.',
  ),
  'unauthorized-body-not-json': text(
    'low',
    "A 401 has no body in Ollama's error form",
    'Clients of Ollama read {"error": "…"}; with anything else they report a broken answer instead of a refused one, and nginx\'s own page names the software.',
    'In nginx: `default_type application/json; return 401 \'{"error":"…"}\'` in the location that error_page names.',
  ),
  'plain-port-redirects': text(
    'medium',
    'The plain port redirects to HTTPS',
    'The client has sent its request in clear by then, prompt and source code included, and because the redirect works nobody notices.',
    'In nginx: `return 401` for everything on the plain port, or no plain port at all.',
  ),
  'plain-port-serves': text(
    'medium',
    'The plain port serves requests',
    'What is sent here goes over the network in clear.',
    'In nginx: `return 401` for everything on the plain port, or no plain port at all.',
  ),
  'plain-port-not-401': text(
    'low',
    'The plain port refuses with something else than 401',
    'Clients and monitoring tell a refused request by 401.',
    'In nginx: `return 401` for everything on the plain port, or no plain port at all.',
  ),
  'identity-refused': text(
    'medium',
    'The given client certificate is refused',
    'A service with this certificate cannot work: it may be expired, revoked, of another CA, or not in the allowlist.',
    'Check its dates and name (openssl x509 -noout -subject -dates), and that the service and its generation are in the configuration of the gateway.',
  ),
  'upstream-unavailable': text(
    'medium',
    'The gateway cannot reach Ollama',
    'Every review fails until it can.',
    'On the machine: systemctl status ollama, and the error log of the gateway.',
  ),
  'host-not-rewritten': text(
    'high',
    'Ollama refuses the Host header that the gateway sends on',
    'On a loopback address Ollama answers 403 without a body to every Host that is not local, so all calls through the gateway fail.',
    'In nginx: `proxy_set_header Host localhost:11434` in every location that passes requests on.',
  ),
  'mutating-route-forwarded': text(
    'high',
    'A client can change or delete models',
    'Pull, push, create, copy and delete carry nearly all of the published holes of Ollama, and no review needs them.',
    'Let the gateway pass on a list of methods and paths only, and answer 403 to the rest.',
  ),
  'forbidden-route-not-403': text(
    'low',
    'A forbidden route is refused, but not with 403',
    'Monitoring tells a forbidden call from a broken one by 403.',
    'In nginx: `return 403` for every method and path that is not in the list.',
  ),
  'no-rate-limit': text(
    'medium',
    'No rate limit stops a client that asks too often',
    'One client, or one stolen certificate, keeps the model busy for everyone else.',
    'In nginx: limit_req with a zone on $binary_remote_addr and one on the identity, in every location of an inference route; limit_req_status 429.',
  ),
  'rate-limit-without-retry-after': text(
    'low',
    'A 429 says not when to try again',
    'Clients that know no delay try again at once and stay limited.',
    'In nginx: `add_header Retry-After 1 always` in the location that answers 429.',
  ),
  'stream-buffered': text(
    'medium',
    'A stream arrives in one piece',
    'Tokens wait at the gateway until the end: reviewers see nothing for minutes, clients run into their time-outs and LiveReview asks a second time, which doubles the load.',
    'In nginx: `proxy_buffering off`, `gzip off` and `proxy_http_version 1.1` in the locations of the inference routes.',
  ),
  'client-key-readable': text(
    'low',
    'Other users of this machine can read the client key',
    'Whoever copies the key is that service, until its generation is raised.',
    'chmod 600 on the key file, 700 on its folder.',
  ),
} as const satisfies Readonly<Record<string, FindingText>>;

export type FindingId = keyof typeof findingTexts;
