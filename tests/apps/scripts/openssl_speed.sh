# `openssl speed` runs through; its figures are no business of this comparison.
for algorithm in aes-128-gcm aes-256-cbc chacha20-poly1305 sha256 sha512 sha3-256; do
    openssl speed -seconds 1 -bytes 8192 -evp $algorithm 2> /dev/null | grep -c '^The .numbers.'
done
openssl speed -seconds 1 rsa2048 ecdsap256 ed25519 2> /dev/null | grep -Ec 'rsa|ecdsa|EdDSA'
