package paper

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tokenctl/tokenctl/cmd/tokenctl/capture"
	"github.com/tokenctl/tokenctl/cmd/tokenctl/term"
	"github.com/tokenctl/tokenctl/oath/otpauth"
	"github.com/tokenctl/tokenctl/oath/qr"
)

var (
	errNoScan = errors.New("neither a picture, nor a PDF, nor text")
	errSVG    = errors.New("it is an SVG drawing, not a picture")
	errEmpty  = errors.New("there is nothing in it")
	errSilent = errors.New("no answer within a minute")
)

const (
	// maxFile bounds a picture or a text that is read, and what all QR codes of a stream
	// hold, in bytes.
	maxFile = capture.MaxSize

	// answerTime is how long a desktop may take, and the person that it asks.
	answerTime = time.Minute
)

// A Source is where QR codes are read from: a file, or what is in front of the person.
type Source struct {
	name string // to call it by
	open func(ctx context.Context, c *term.Console) (held, error)
}

// What a source held is the bytes of a file, or pictures in a row: each is handed over as
// what reads its QR codes, until take returns false.
type held struct {
	data     []byte
	pictures func(take func(read func() ([]string, error)) bool) error
}

// Live is what is in front of the person, as flags name it.
type Live struct {
	Clipboard, Screen bool
	Camera            string // its device, or anyCamera; "" if none is wanted
}

const anyCamera = "any"

// AddFlags adds the flags of a command that takes accounts in.
func (l *Live) AddFlags(c *cobra.Command) {
	c.Flags().BoolVar(&l.Clipboard, "clipboard", false, "read the picture on the clipboard, or its text")
	c.Flags().BoolVar(&l.Screen, "screen", false, "read every QR code on the screen")
	term.GroupFlags(c.Flags(), term.SourceFlags, "clipboard", "screen")
	l.AddCameraFlag(c)
}

// AddCameraFlag adds the flag of a command that reads what is on paper.
func (l *Live) AddCameraFlag(c *cobra.Command) {
	c.Flags().StringVar(&l.Camera, "camera", "", "hold it up to the camera: the first, or the `DEVICE` of --camera=DEVICE")
	c.Flags().Lookup("camera").NoOptDefVal = anyCamera
	term.GroupFlags(c.Flags(), term.SourceFlags, "camera")
}

// Sources returns files, and then what the flags name.
func (l Live) Sources(files ...string) (all []Source) {
	for _, file := range files {
		all = append(all, File(file))
	}
	if l.Clipboard {
		all = append(all, Source{"the clipboard", readClipboard})
	}
	if l.Screen {
		all = append(all, Source{"the screen", readScreen})
	}
	if l.Camera != "" {
		all = append(all, Source{"the camera", func(ctx context.Context, c *term.Console) (held, error) {
			return readCamera(ctx, c, strings.TrimPrefix(l.Camera, anyCamera))
		}})
	}
	return all
}

// File is a file, "-" being standard input: there, pictures may follow each other.
func File(file string) Source {
	if file != "-" {
		return Source{term.Printable(file), func(_ context.Context, c *term.Console) (held, error) {
			_, data, err := ReadFile(c, file)
			return held{data: data}, err
		}}
	}
	return Source{"standard input", func(_ context.Context, c *term.Console) (held, error) {
		in := bufio.NewReader(c.In)
		if begin, _ := in.Peek(512); !capture.IsStream(begin) {
			stdin := *c
			stdin.In = in
			_, data, err := ReadFile(&stdin, file)
			return held{data: data}, err
		}
		return held{pictures: func(take func(read func() ([]string, error)) bool) error {
			return capture.Frames(in, func(frame []byte) bool {
				return take(func() ([]string, error) { return qr.Read(bytes.NewReader(frame)) })
			})
		}}, nil
	}}
}

func readClipboard(ctx context.Context, c *term.Console) (held, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errSilent)
	defer cancel()
	data, err := capture.Clipboard(ctx)
	if err != nil {
		return held{}, fmt.Errorf("reading the clipboard: %w", err)
	}
	c.Note("What is on the clipboard holds the secret, and so does its history, if the desktop keeps one:\ncopy something else, and clear the history.")
	return held{data: data}, nil
}

func readScreen(ctx context.Context, c *term.Console) (held, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errSilent)
	defer cancel()
	data, err := capture.Screen(ctx)
	if err != nil {
		return held{}, fmt.Errorf("reading the screen: %w", err)
	}
	return held{data: data}, nil
}

func readCamera(ctx context.Context, c *term.Console, device string) (held, error) {
	camera, err := capture.OpenCamera(device)
	if err != nil {
		return held{}, err
	}
	c.Note("Hold it up to the camera, %s, so that it fills the picture of %d by %d pixels. Ctrl-C ends.",
		term.Printable(camera.Name), camera.Width, camera.Height)
	return held{pictures: func(take func(read func() ([]string, error)) bool) error {
		defer camera.Close()
		for {
			picture, err := camera.Picture(ctx)
			if err != nil {
				return err
			}
			if !take(func() ([]string, error) { return qr.Scan(picture), nil }) {
				return nil
			}
		}
	}}, nil
}

// ReadFile reads a file, "-" being standard input, of 64 MiB at most. It returns the
// name to call it by.
func ReadFile(c *term.Console, file string) (name string, data []byte, err error) {
	name, in := "standard input", c.In
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return "", nil, err
		}
		defer opened.Close()
		name, in = term.Printable(file), opened
	}
	data, err = io.ReadAll(io.LimitReader(in, maxFile+1))
	switch {
	case err != nil:
		return name, nil, fmt.Errorf("reading %s: %w", name, err)
	case len(data) > maxFile:
		return name, nil, term.Usagef("%s is larger than %d MB", name, maxFile>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return name, nil, fmt.Errorf("reading %s: %w", name, errEmpty)
	}
	return name, data, nil
}

// A kind is what a file is, by its content.
type kind byte

const (
	unknown kind = iota
	picture
	pdf
	svg
	text
)

func kindOf(data []byte) kind {
	begin := bytes.ToLower(bytes.TrimSpace(data[:min(len(data), 1024)]))
	switch {
	case qr.IsPicture(data):
		return picture
	case bytes.HasPrefix(data, []byte("%PDF-")):
		return pdf
	case bytes.HasPrefix(begin, []byte("<")) && bytes.Contains(begin, []byte("<svg")):
		return svg
	case utf8.Valid(data):
		return text
	}
	return unknown
}

// eachPage hands over the pages of a picture or a PDF, each as what reads its QR codes.
func eachPage(ctx context.Context, k kind, data []byte, take func(read func(qr.Look) ([]string, error))) error {
	if k == picture {
		take(func(l qr.Look) ([]string, error) { return l.Read(bytes.NewReader(data)) })
		return nil
	}
	return readPDF(ctx, data, pageTime, func(page image.Image) {
		take(func(l qr.Look) ([]string, error) { return l.Scan(page), nil })
	})
}

// A Found is what was read from a source.
type Found struct {
	Name  string // to call the source by
	What  string // to call each of the Texts: "QR code" or "line"
	Texts []string
}

// Texts returns what is in the QR codes of a source, or the lines of a text. Where
// pictures follow each other it goes on until missing, which is given all texts so far,
// returns nothing; and notes what it returns.
func Texts(ctx context.Context, c *term.Console, s Source, missing func(texts []string) []string) (Found, error) {
	found, data, err := Load(ctx, c, s, missing)
	if err == nil && data != nil {
		return textsOf(ctx, s.name, data)
	}
	return found, err
}

// Load is Texts for a source that may be a file of another kind, whose bytes it returns.
func Load(ctx context.Context, c *term.Console, s Source, missing func(texts []string) []string) (found Found, data []byte, err error) {
	in, err := s.open(ctx, c)
	if err != nil {
		return Found{}, nil, err
	}
	if k := kindOf(in.data); in.pictures == nil && k != picture && k != pdf {
		return Found{Name: s.name}, in.data, nil
	}
	if in.pictures == nil {
		found, err = textsOf(ctx, s.name, in.data)
		return found, nil, err
	}
	var all textSet
	t := tally{console: c, name: s.name}
	err = in.pictures(func(read func() ([]string, error)) bool {
		if !t.next() {
			return false
		}
		found, err := read()
		t.count(err)
		if fresh := all.add(found); len(fresh) > 0 {
			t.say(len(all.list), missing(all.list))
		}
		return !all.full()
	})
	t.end(term.Count(len(all.list), "QR code"))
	if err = cmp.Or(err, t.failed()); err == nil && len(all.list) == 0 {
		err = qr.ErrNoQR
	}
	if err != nil {
		err = fmt.Errorf("reading %s: %w", s.name, err)
	}
	return Found{s.name, "QR code", all.list}, nil, err
}

// textsOf returns what is in the QR codes of a picture or a PDF, or the lines of a text.
func textsOf(ctx context.Context, name string, data []byte) (Found, error) {
	found := Found{Name: name, What: "QR code"}
	var err error
	k := kindOf(data)
	switch k {
	case picture, pdf:
		var unread error
		err = eachPage(ctx, k, data, func(read func(qr.Look) ([]string, error)) {
			texts, err := read(qr.Close)
			found.Texts = append(found.Texts, texts...)
			if !errors.Is(err, qr.ErrNoQR) { // as on a page of instructions
				unread = errors.Join(unread, err)
			}
		})
		if err = cmp.Or(err, unread); err == nil && len(found.Texts) == 0 {
			err = qr.ErrNoQR
		}
	case svg:
		err = errSVG
	default: // which need not be UTF-8
		found.What = "line"
		for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
			if line = strings.TrimSpace(line); line != "" {
				found.Texts = append(found.Texts, line)
			}
		}
		if k == unknown && !slices.ContainsFunc(found.Texts, otpauth.IsURI) {
			err = errNoScan
		}
	}
	if err != nil {
		err = fmt.Errorf("reading %s: %w", name, err)
	}
	return found, err
}
