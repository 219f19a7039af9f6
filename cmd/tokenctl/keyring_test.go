//go:build linux

package main

import (
	"bufio"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// A desktop has a Secret Service that keeps its items in memory, as far as the
// specification says what a client without encryption may ask for:
// https://specifications.freedesktop.org/secret-service-spec/latest/
type desktop struct {
	bus   *dbus.Conn
	mu    sync.Mutex
	items map[dbus.ObjectPath]*secretItem
	made  int
}

const (
	secretsName       = "org.freedesktop.secrets"
	secretsPath       = "/org/freedesktop/secrets"
	secretsCollection = secretsPath + "/aliases/default"
	secretsSession    = secretsPath + "/session/only"

	noPrompt = dbus.ObjectPath("/") // nobody needs to be asked
)

// A secretValue is as the specification has it, "Transfer of Secrets".
type secretValue struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// startKeyring starts a session bus with a keyring on it, until the test ends, and
// returns its address.
func (r *rig) startKeyring() (address string, err error) {
	r.tb.Helper()
	requireTool(r.tb, "dbus-daemon")
	daemon := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address",
		"--address=unix:path="+filepath.Join(r.tb.TempDir(), "bus"))
	stdout, err := daemon.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := daemon.Start(); err != nil {
		return "", err
	}
	r.tb.Cleanup(func() { daemon.Process.Kill(); daemon.Wait() })
	if address, err = bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return "", fmt.Errorf("starting dbus-daemon: %w", err)
	}
	address = strings.TrimSpace(address)
	k := &desktop{items: make(map[dbus.ObjectPath]*secretItem)}
	if k.bus, err = dbus.Connect(address); err != nil {
		return "", err
	}
	r.tb.Cleanup(func() { k.bus.Close() })
	return address, k.serve()
}

func (k *desktop) serve() error {
	for _, object := range []struct {
		methods   any
		path      dbus.ObjectPath
		interfaze string
	}{
		{secretService{}, secretsPath, "org.freedesktop.Secret.Service"},
		{secretSession{}, secretsSession, "org.freedesktop.Secret.Session"},
		{secretCollection{k}, secretsCollection, "org.freedesktop.Secret.Collection"},
	} {
		if err := k.bus.Export(object.methods, object.path, object.interfaze); err != nil {
			return err
		}
	}
	_, err := k.bus.RequestName(secretsName, dbus.NameFlagDoNotQueue)
	return err
}

type secretService struct{}

func (secretService) OpenSession(string, dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
	return dbus.MakeVariant(""), secretsSession, nil
}

func (secretService) Unlock(objects []dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	return objects, noPrompt, nil
}

type secretSession struct{}

func (secretSession) Close() *dbus.Error { return nil }

type secretCollection struct{ *desktop }

func (c secretCollection) CreateItem(properties map[string]dbus.Variant, secret secretValue, replace bool) (item, prompt dbus.ObjectPath, failure *dbus.Error) {
	attributes, ok := properties["org.freedesktop.Secret.Item.Attributes"].Value().(map[string]string)
	if !ok {
		return "", "", dbus.MakeFailedError(fmt.Errorf("no attributes"))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, i := range c.items {
		if replace && maps.Equal(i.attributes, attributes) {
			i.secret = secret
			return path, noPrompt, nil
		}
	}
	c.made++
	path := dbus.ObjectPath(fmt.Sprintf("%s/%d", secretsCollection, c.made))
	i := &secretItem{c.desktop, path, attributes, secret}
	if err := c.bus.Export(i, path, "org.freedesktop.Secret.Item"); err != nil {
		return "", "", dbus.MakeFailedError(err)
	}
	c.items[path] = i
	return path, noPrompt, nil
}

func (c secretCollection) SearchItems(attributes map[string]string) ([]dbus.ObjectPath, *dbus.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := []dbus.ObjectPath{}
	for path, i := range c.items {
		if maps.Equal(i.attributes, attributes) {
			found = append(found, path)
		}
	}
	return found, nil
}

type secretItem struct {
	desktop    *desktop
	path       dbus.ObjectPath
	attributes map[string]string
	secret     secretValue
}

func (i *secretItem) GetSecret(dbus.ObjectPath) (secretValue, *dbus.Error) {
	i.desktop.mu.Lock()
	defer i.desktop.mu.Unlock()
	return i.secret, nil
}

func (i *secretItem) Delete() (prompt dbus.ObjectPath, failure *dbus.Error) {
	i.desktop.mu.Lock()
	defer i.desktop.mu.Unlock()
	delete(i.desktop.items, i.path)
	return noPrompt, nil
}

func scriptKeyring(ts *testscript.TestScript, neg bool, args []string) {
	address, err := rigOf(ts).startKeyring()
	ts.Check(err)
	ts.Setenv("DBUS_SESSION_BUS_ADDRESS", address)
}
