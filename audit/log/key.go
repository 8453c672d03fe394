package log

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/mod/sumdb/note"

	"ennakko/fault"
)

const (
	keyFile       = "audit-log.key"
	defaultOrigin = "ennakko/audit"
)

// VerifierOf returns the public key that belongs to the private key in the
// directory keys.
func VerifierOf(keys string) (string, error) {
	_, public, err := readKey(keys)
	return public, err
}

// loadKey reads the private key, or makes one for a log that does not exist yet.
func loadKey(opt Options, fresh bool) (note.Signer, string, error) {
	const op = "log.Open"
	signer, public, err := readKey(opt.Keys)
	if err != nil && fault.KindOf(err) == fault.Missing && fresh {
		if err := makeKey(opt); err != nil {
			return nil, "", err
		}
		signer, public, err = readKey(opt.Keys)
	}
	if err != nil {
		return nil, "", err
	}
	if opt.Origin != "" && opt.Origin != signer.Name() {
		return nil, "", fault.New(fault.Conflict, op, "the log's key is that of %q, not of %q", signer.Name(), opt.Origin).
			Do("keep the log's name, or begin a new log with a new key")
	}
	return signer, public, nil
}

// readKey reads the private key and works out its public key.
func readKey(keys string) (note.Signer, string, error) {
	const op = "log.Open"
	raw, err := os.ReadFile(filepath.Join(keys, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fault.New(fault.Missing, op, "the log's private key is not there").Where("%s", keyFile).
			Do("bring it back from the backup; a new key cannot go on with an old log")
	}
	if err != nil {
		return nil, "", broken(op, err, "the log's private key cannot be read")
	}
	private := strings.TrimSpace(string(raw))
	signer, err := note.NewSigner(private)
	if err != nil {
		// The cause is left out: it could quote the key.
		return nil, "", tampered(op, "the log's private key is not whole").Where("%s", keyFile).Do("bring it back from the backup")
	}
	public, err := publicOf(signer, private)
	return signer, public, err
}

// publicOf works the public key out of the private key, whose text is
// PRIVATE+KEY+name+hash+base64(type, seed).
func publicOf(signer note.Signer, private string) (string, error) {
	unusable := fault.New(fault.Invalid, "log.Open", "the log's private key is not an Ed25519 key").Where("%s", keyFile)
	parts := strings.SplitN(private, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return "", unusable
	}
	public, ok := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", unusable
	}
	text, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return "", unusable
	}
	return text, nil
}

// makeKey makes a private key without ever replacing one.
func makeKey(opt Options) error {
	const op = "log.Open"
	origin, random := opt.Origin, opt.Random
	if origin == "" {
		origin = defaultOrigin
	}
	if strings.ContainsAny(origin, "+ \t\r\n") {
		return fault.New(fault.Invalid, op, "the log's name %q holds a space or a plus sign", origin)
	}
	if random == nil {
		random = rand.Reader
	}
	private, _, err := note.GenerateKey(random, origin)
	if err != nil {
		return broken(op, err, "the log's key cannot be made")
	}
	return place(filepath.Join(opt.Keys, keyFile), private+"\n", 0o600)
}

// placeVerifier writes the public key beside the log unless it stands there.
func placeVerifier(dir, public string) error {
	const op = "log.Open"
	path := filepath.Join(dir, verifierFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return place(path, public+"\n", 0o644)
	}
	if err != nil {
		return broken(op, err, "the log's public key cannot be read")
	}
	if string(raw) != public+"\n" {
		return tampered(op, "the public key beside the log is not that of the private key").Where("%s", verifierFile).
			Do("check that the log and the key belong together")
	}
	return nil
}

// place puts a whole file at path, for good, unless there is one already.
func place(path, text string, mode os.FileMode) error {
	const op = "log.Open"
	err := func() error {
		f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"*")
		if err != nil {
			return err
		}
		_, err = f.WriteString(text)
		if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err == nil {
			if err = os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
				err = nil
			}
		}
		return errors.Join(err, os.Remove(f.Name()), syncDir(filepath.Dir(path)))
	}()
	if err != nil {
		return broken(op, err, "%s cannot be written", filepath.Base(path))
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lock takes the log's lock, which one process at a time can hold and which
// ends with the process. Without wait, ok is false when somebody else has it.
func lock(dir string, wait bool) (unlock func(), ok bool, err error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, false, broken("log.lock", err, "the log's lock cannot be opened")
	}
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case err == nil:
		return func() { _ = f.Close() }, true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, false, f.Close()
	}
	_ = f.Close()
	return nil, false, broken("log.lock", err, "the log's lock cannot be taken")
}
