# Makes certificates in the current directory: of an authority (ca), of a server at 127.0.0.1 and
# "valkey.test", of a client, and of another authority (other-ca), which signed none of them.
generate() { openssl req -newkey rsa:2048 -nodes "$@" 2>/dev/null; }
for name in ca other-ca; do
  generate -x509 -days 2 -subj "/CN=JetKV test $name" -keyout "$name.key" -out "$name.crt" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
done
printf 'subjectAltName=DNS:valkey.test,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >server.ext
printf 'basicConstraints=CA:FALSE\n' >client.ext
for name in server client; do
  generate -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
    -extfile "$name.ext" -out "$name.crt" 2>/dev/null
done
