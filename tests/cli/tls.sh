#!/bin/bash
# SPDX-License-Identifier: ISC
# NBD by TLS: certificates and shared keys that fit are taken, what does not fit is refused and says so.
. "$(dirname "$0")/lib.sh"
have tls nbdkit certtool psktool || finish
"$cairn" --version | grep -q 'libnbd.*not in this build' && { echo 'this build has no libnbd' && exit 77; }
nbdkit --dump-config | grep -q '^tls=yes' || { echo 'skipped: this nbdkit has no TLS' && exit 77; }
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid"; done 2>/dev/null; rm -rf "$folder"' EXIT

# An authority, and certificates that it signed.
authority() { # FOLDER
    mkdir "$1"
    certtool --generate-privkey --key-type=ecdsa --outfile "$1/ca-key.pem"
    printf 'cn = %s\nca\ncert_signing_key\n' "$1" >ca.info
    certtool --generate-self-signed --load-privkey "$1/ca-key.pem" --template ca.info --outfile "$1/ca-cert.pem"
}
certificate() { # FOLDER NAME HOST PURPOSE [VALID]
    certtool --generate-privkey --key-type=ecdsa --outfile "$1/$2-key.pem"
    printf 'cn = %s\ndns_name = %s\n%s\nsigning_key\n%s\n' "$3" "$3" "$4" "${5:-}" >one.info
    certtool --generate-certificate --load-privkey "$1/$2-key.pem" --load-ca-certificate "$1/ca-cert.pem" \
        --load-ca-privkey "$1/ca-key.pem" --template one.info --outfile "$1/$2-cert.pem"
}
# By TCP, as of a Unix socket libnbd does not ask whose certificate it is.
serve() { # ARGUMENT...: $port
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    nbdkit -f -r -i 127.0.0.1 -p "$port" -P "$port.pid" "$@" file d.img 2>>server.log &
    pids+=($!)
    for _ in $(seq 200); do [ -s "$port.pid" ] && break || sleep 0.02; done
}
uri() { # [HOST [PARAMETERS]]
    echo "nbds://${1:-localhost}:$port/${2:+?$2}"
}

{
    authority good && certificate good server localhost tls_www_server && certificate good client me tls_www_client
    authority other && certificate other server localhost tls_www_server && certificate other client me tls_www_client
    mkdir bare late && cp good/ca-cert.pem bare/ && cp good/ca-cert.pem late/
    cp good/ca-key.pem late/ && certificate late server localhost tls_www_server $'activation_date = "2001-01-01"\nexpiration_date = "2002-01-01"'
    rm late/ca-key.pem
    psktool -u alice -p keys && psktool -u alice -p other.keys
} >certtool.log 2>&1 || fail 'certificates' "$(tail -n 3 certtool.log)"

run format --size=8M --label=SECRET d.img && expect 0
serve --tls=require --tls-certificates="$folder/good" --tls-verify-peer
run info "$(uri localhost "tls-certificates=$folder/good")" && expect 0 'SECRET'
run ls "nbd://localhost:$port" && refuses 4 'requires TLS.*write nbds://'
run info "$(uri localhost)" && refuses 4 'do the keys fit'
run info "$(uri localhost "tls-certificates=$folder/bare")" && refuses 4 'do the keys fit'
run info "$(uri localhost "tls-certificates=$folder/other")" && refuses 4 'certificate verification'
run info "$(uri 127.0.0.1 "tls-certificates=$folder/good")" && refuses 4 'certificate verification'
run info "$(uri localhost "tls-certificates=$folder/none")" && refuses 4 'none/ca-cert.pem.*Not found.*any server'
serve --tls=require --tls-certificates="$folder/late"
run info "$(uri localhost "tls-certificates=$folder/good")" && refuses 4 'certificate verification'
serve --tls=require --tls-certificates="$folder/other"
run info "$(uri localhost "tls-certificates=${folder//\//%2F}%2fnone")" && refuses 4 'any server'
CAIRN_NBD_TLS_CERTIFICATES=$folder/none run info "$(uri)" && refuses 4 'any server'
CAIRN_NBD_TLS_CERTIFICATES=$folder/other run info "$(uri)" && expect 0 'SECRET'
serve
run info "$(uri localhost "tls-certificates=$folder/good")" && refuses 4 'refused TLS'
serve --tls=require --tls-psk="$folder/keys"
run info "$(uri alice@localhost "tls-psk-file=$folder/keys")" && expect 0 'SECRET'
run info "$(uri alice@localhost "tls-psk-file=$folder/other.keys")" && refuses 4 'do the keys fit'
run info "$(uri alice@localhost "tls-psk-file=$folder/none")" && refuses 4 'none: Not found'
run info "$(uri bob@localhost "tls-psk-file=$folder/keys")" && refuses 2 'bob was not found'
finish
