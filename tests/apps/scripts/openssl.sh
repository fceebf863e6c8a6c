# Every digest and cipher of the default provider on the same data, MACs, key derivation, and signatures that are verified.
set -eu
cat words.txt noise.bin bytes.bin numbers.txt > data
for digest in $(openssl list -digest-commands); do
    openssl dgst "-$digest" data 2> /dev/null || echo "$digest is refused"
done
key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
iv=000102030405060708090a0b0c0d0e0f
for cipher in $(openssl list -cipher-commands); do
    if openssl enc "-$cipher" -K $key -iv $iv -in data -out data.enc 2> /dev/null; then
        echo "$cipher $(cksum < data.enc)"
        case $cipher in
        *-cbc | *-ctr | *-128-ecb) openssl enc -d "-$cipher" -K $key -iv $iv -in data.enc 2> /dev/null | cmp - data ;;
        esac
    else
        echo "$cipher is refused"
    fi
done
for mac in 'HMAC -digest SHA384' 'CMAC -cipher AES-256-CBC' 'Poly1305' 'GMAC -cipher AES-128-GCM -macopt hexiv:0102030405060708090a0b0c' 'SIPHASH' 'KMAC128'; do
    case $mac in
    CMAC* | Poly1305) k=$key ;;
    *) k=$iv ;;
    esac
    set -- $mac
    name=$1
    shift
    echo "$name $(openssl mac -macopt hexkey:$k "$@" -in data "$name")"
done
openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt pass:secret -kdfopt salt:grain -kdfopt iter:20000 PBKDF2
openssl kdf -keylen 24 -kdfopt pass:secret -kdfopt salt:grain -kdfopt n:1024 -kdfopt r:8 -kdfopt p:1 SCRYPT
for kind in 'RSA -pkeyopt rsa_keygen_bits:2048' 'EC -pkeyopt ec_paramgen_curve:P-256' 'EC -pkeyopt ec_paramgen_curve:P-521' ED25519 ED448; do
    openssl genpkey -algorithm $kind -out key.pem 2> /dev/null
    openssl pkey -in key.pem -pubout -out public.pem
    openssl dgst -sha256 -binary data > digest
    openssl pkeyutl -sign -rawin -inkey key.pem -in digest -out signature
    echo "$kind: $(openssl pkeyutl -verify -rawin -pubin -inkey public.pem -in digest -sigfile signature)"
done
rm key.pem public.pem signature
