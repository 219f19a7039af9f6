package virtualkey_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tokenctl/tokenctl/oath/oathtest"
	"github.com/tokenctl/tokenctl/oath/virtualkey"
	"github.com/tokenctl/tokenctl/oath/virtualkey/vktest"
)

// A desk is where other people's programs work with a key: a daemon of their own
// and a folder.
type desk struct {
	t   *testing.T
	dir string
	env []string
}

// sit plugs a key into a daemon for the programs, which must be installed.
func sit(t *testing.T, config virtualkey.Config, programs ...string) desk {
	t.Helper()
	oathtest.RequireTool(t, append(programs, "openssl")...)
	t.Parallel()
	key := vktest.Start(t, config)
	dir := t.TempDir()
	env := append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "LC_ALL=C.UTF-8")
	return desk{t: t, dir: dir, env: append(env, key.Env())}
}

// run runs a program and returns what it said and whether it was content.
func (d desk) run(command string) (string, error) {
	d.t.Helper()
	words := strings.Fields(command)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = d.dir, d.env, time.Minute
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// says runs a program that must be content, and say each of the words.
func (d desk) says(command string, words ...string) {
	d.t.Helper()
	out, err := d.run(command)
	if err != nil {
		d.t.Fatalf("%s: %v\n%s", command, err, out)
	}
	for _, w := range words {
		if !regexp.MustCompile(w).MatchString(out) {
			d.t.Errorf("%s does not say %q:\n%s", command, w, out)
		}
	}
}

// fails runs a program that must fail, and say the words.
func (d desk) fails(command, words string) {
	d.t.Helper()
	out, err := d.run(command)
	if err == nil || !strings.Contains(out, words) {
		d.t.Errorf("%s: %v, want a failure with %q:\n%s", command, err, words, out)
	}
}

// libykpiv and OpenSC know one model from another by the ATR, ykman by the firmware.
func TestModels(t *testing.T) {
	modules, err := filepath.Glob("/usr/lib/*/libykcs11.so.2")
	if len(modules) == 0 {
		err = errors.New("ykcs11 is not installed")
	}
	oathtest.NeedsTool(t, err)
	for _, test := range []struct {
		firmware           virtualkey.Version
		ykcs11, ykman, atr string
	}{
		{neo, "YubiKey NEO", `YubiKey NEO \(3\.4\.0\)`, "3b:fc:.*4e:45:4f:72:33:e1"},
		{yk43, "YubiKey YK4", `YubiKey 4 \(4\.3\.7\)`, "3b:f8:.*34:d4"},
		{yk54, "YubiKey YK5", `YubiKey 5 NFC \(5\.4\.3\)`, "3b:fd:.*79:40"},
	} {
		t.Run(test.firmware.String(), func(t *testing.T) {
			d := sit(t, virtualkey.Config{Firmware: test.firmware}, "pkcs11-tool", "opensc-tool", "ykman")
			tool := "pkcs11-tool --module " + modules[0] + " "
			d.says("opensc-tool --atr", test.atr)
			d.says("ykman list", test.ykman+".*12345678")
			d.says(tool+"--list-slots", "token model +: "+test.ykcs11, "serial num +: 12345678")
			d.says(tool+"--login --login-type so --so-pin "+managementHex+" --keypairgen --key-type EC:prime256v1 --id 01",
				"Key pair generated", "Private key for PIV Authentication")
			d.says(tool+"--login --pin 123456 --test", "No errors")
		})
	}
}

const managementHex = "010203040506070801020304050607080102030405060708"

func TestYkmanPIV(t *testing.T) {
	d := sit(t, virtualkey.Config{}, "ykman")
	const ykman = "ykman -d 12345678 piv "
	d.says(ykman+"info", "PIV version: 5.7.1", "PIN tries remaining: 3/3", "using default PIN|Using default PIN", "AES192")
	d.says(ykman + "keys generate -a ECCP256 -m " + managementHex + " 9a public.pem")
	d.says(ykman + "certificates generate -s CN=alice -P 123456 -m " + managementHex + " 9a public.pem")
	d.says(ykman + "certificates export 9a certificate.pem")
	d.says("openssl verify -check_ss_sig -CAfile certificate.pem certificate.pem", "OK")
	d.says(ykman + "keys attest 9a attestation.pem")
	d.says(ykman + "certificates export f9 root.pem")
	d.says("openssl verify -CAfile root.pem attestation.pem", "OK")
	d.says(ykman+"info", "Slot 9a:", "ECCP256", "CN=alice")

	d.says(ykman + "access change-pin -P 123456 -n 654321")
	d.says(ykman + "access change-puk -p 12345678 -n 87654321")
	d.fails(ykman+"access change-pin -P 123456 -n 654321", "2")
	d.says(ykman + "access unblock-pin -p 87654321 -n 111111")
	d.says(ykman + "access change-management-key -f -a TDES -m " + managementHex + " -n 0f0e0d0c0b0a09080706050403020100ffeeddccbbaa9988")
	d.says(ykman + "access change-management-key -f -a AES256 -g -p -P 111111 -m 0f0e0d0c0b0a09080706050403020100ffeeddccbbaa9988")
	d.says(ykman+"info", "AES256", "protected by PIN")
	d.says(ykman + "keys generate -a RSA2048 -P 111111 --touch-policy CACHED 9c public.pem")
	d.says(ykman + "certificates request -P 111111 -s CN=bob 9c public.pem request.pem")
	d.says("openssl req -in request.pem -noout -verify", "OK")
	d.says("openssl ecparam -name secp384r1 -genkey -noout -out private.pem")
	d.says(ykman + "keys import -P 111111 9d private.pem")
	d.says(ykman + "objects generate chuid -P 111111")
	d.says(ykman + "access set-retries -f -P 111111 7 9")
	d.says(ykman+"info", "7/7")

	d.says(ykman+"reset -f", "Success")
	d.says(ykman+"info", "3/3", "AES192", "CHUID:\\s+No data")
}

// yubico-piv-tool 2.2, of Debian 12, knows no management key but 3DES; and it
// makes no certificate with OpenSSL 3, so that ykman makes them.
func TestYubicoPIVTool(t *testing.T) {
	d := sit(t, virtualkey.Config{Firmware: firmware54}, "yubico-piv-tool", "ykman")
	const tool = "yubico-piv-tool "
	d.says(tool+"-a status", "Version:\\s+5.4.3", "Serial Number:\\s+12345678", "PIN tries left:\\s+3")
	for _, key := range []string{"9a -A ECCP256 --touch-policy=always", "9c -A RSA2048", "82 -A ECCP384 --pin-policy=always"} {
		slot := key[:2]
		d.says(tool+"-a generate -o public.pem -s "+key, "Successfully generated")
		d.says("ykman -d 12345678 piv certificates generate -s CN=alice -P 123456 -m " + managementHex + " " + slot + " public.pem")
		d.says(tool + "-a read-certificate -o certificate.pem -s " + slot)
		d.says("openssl verify -check_ss_sig -CAfile certificate.pem certificate.pem", "OK")
		d.says(tool+"-a verify-pin -P 123456 -a test-signature -i certificate.pem -s "+slot, "Successful (RSA|ECDSA) verification")
		d.says(tool+"-a verify-pin -P 123456 -a test-decipher -i certificate.pem -s "+slot, "Successfully performed")
		d.says(tool + "-a attest -o attestation.pem -s " + slot)
		d.says(tool + "-a read-certificate -o root.pem -s f9")
		d.says("openssl verify -CAfile root.pem attestation.pem", "OK")
	}
	d.says("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=carol -keyout private.pem -out certificate.pem")
	d.says(tool+"-a import-key -s 9e -i private.pem", "Successfully imported")
	d.says(tool+"-a import-certificate -s 9e -i certificate.pem", "Successfully imported")
	d.says(tool+"-a test-signature -s 9e -i certificate.pem", "Successful RSA verification")
	d.says(tool + "-a set-chuid -a set-ccc")
	d.says(tool+"-a status", "Slot 9a:", "Slot 9e:", "CN=carol", "CCC:\\s+f0")

	d.says(tool + "-a change-pin -P 123456 -N 654321")
	d.says(tool + "-a change-puk -P 12345678 -N 87654321")
	d.says(tool + "-a unblock-pin -P 87654321 -N 111111")
	d.says(tool + "-a verify-pin -P 111111 -a pin-retries --pin-retries=2 --puk-retries=1")
	d.fails(tool+"-a verify-pin -P 000000", "1 tries left")
	d.fails(tool+"-a reset", "")
	d.fails(tool+"-a verify-pin -P 000000", "blocked")
	d.fails(tool+"-a change-puk -P 00000000 -N 87654321", "0 tries left")
	d.says(tool + "-a reset")
	d.says(tool+"-a status", "PIN tries left:\\s+3")
	d.fails(tool+"-a read-certificate -s 9a", "")
	d.says(tool + "-a set-mgm-key -n 0f0e0d0c0b0a09080706050403020100ffeeddccbbaa9988")
	d.fails(tool+"-a generate -s 9a -A ECCP256", "authentication")
}
