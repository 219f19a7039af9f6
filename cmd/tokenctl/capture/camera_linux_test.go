//go:build amd64 || arm64 || 386 || arm || riscv64 || loong64 || s390x

package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tokenctl/tokenctl/oath/oathtest"
)

// The system's own header is the judge of sizes, places and numbers.
func TestVideoForLinux(t *testing.T) {
	oathtest.RequireTool(t, "gcc")
	var (
		c v4l2Capability
		f v4l2Format
		r v4l2Request
		b v4l2Buffer
	)
	var program, want strings.Builder
	for expression, value := range map[string]uintptr{
		"sizeof(struct v4l2_capability)":                    unsafe.Sizeof(c),
		"offsetof(struct v4l2_capability, capabilities)":    unsafe.Offsetof(c.capabilities),
		"offsetof(struct v4l2_capability, device_caps)":     unsafe.Offsetof(c.ofDevice),
		"sizeof(struct v4l2_format)":                        unsafe.Sizeof(f),
		"offsetof(struct v4l2_format, fmt.pix.width)":       unsafe.Offsetof(f.pix) + unsafe.Offsetof(f.pix.width),
		"offsetof(struct v4l2_format, fmt.pix.height)":      unsafe.Offsetof(f.pix) + unsafe.Offsetof(f.pix.height),
		"offsetof(struct v4l2_format, fmt.pix.pixelformat)": unsafe.Offsetof(f.pix) + unsafe.Offsetof(f.pix.fourCC),
		"sizeof(struct v4l2_requestbuffers)":                unsafe.Sizeof(r),
		"offsetof(struct v4l2_requestbuffers, memory)":      unsafe.Offsetof(r.memory),
		"sizeof(struct v4l2_buffer)":                        unsafe.Sizeof(b),
		"offsetof(struct v4l2_buffer, bytesused)":           unsafe.Offsetof(b.used),
		"offsetof(struct v4l2_buffer, flags)":               unsafe.Offsetof(b.flags),
		"offsetof(struct v4l2_buffer, memory)":              unsafe.Offsetof(b.memory),
		"offsetof(struct v4l2_buffer, m.offset)":            unsafe.Offsetof(b.offset),
		"offsetof(struct v4l2_buffer, length)":              unsafe.Offsetof(b.length),
		"VIDIOC_QUERYCAP":                                   queryCapability,
		"VIDIOC_S_FMT":                                      setFormat,
		"VIDIOC_TRY_FMT":                                    tryFormat,
		"VIDIOC_REQBUFS":                                    requestBuffers,
		"VIDIOC_QUERYBUF":                                   queryBuffer,
		"VIDIOC_QBUF":                                       enqueue,
		"VIDIOC_DQBUF":                                      dequeue,
		"VIDIOC_STREAMON":                                   streamOn,
		"V4L2_CAP_VIDEO_CAPTURE":                            isCapture,
		"V4L2_CAP_STREAMING":                                isStreaming,
		"V4L2_CAP_DEVICE_CAPS":                              hasOfDevice,
		"V4L2_BUF_FLAG_ERROR":                               isDamaged,
		"V4L2_BUF_TYPE_VIDEO_CAPTURE":                       forCapture,
		"V4L2_MEMORY_MMAP":                                  byMapping,
		"V4L2_PIX_FMT_YUYV":                                 yuyv,
		"V4L2_PIX_FMT_MJPEG":                                mjpg,
	} {
		fmt.Fprintf(&program, "printf(\"%%lu \", (unsigned long)(%s));", expression)
		fmt.Fprintf(&want, "%d ", value)
	}
	binary := filepath.Join(t.TempDir(), "numbers")
	c1 := exec.Command("gcc", "-x", "c", "-", "-o", binary)
	c1.Stdin = strings.NewReader("#include <stddef.h>\n#include <stdio.h>\n#include <linux/videodev2.h>\nint main(void) {" + program.String() + "}")
	if out, err := c1.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got, err := exec.Command(binary).Output()
	if err != nil || string(got) != want.String() {
		t.Errorf("the header has, for %s\n%s\nwant\n%s\n%v", program.String(), got, want.String(), err)
	}
}

// A file that is not a camera is refused, and so is what is not there.
func TestOpenCameraRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "video0")
	if err := os.WriteFile(file, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, device := range []string{file, "/dev/null", filepath.Join(t.TempDir(), "missing")} {
		if c, err := OpenCamera(device); c != nil || err == nil || !strings.Contains(err.Error(), device) {
			t.Errorf("%s: %v, %v", device, c, err)
		}
	}
}

// A driver answers as a camera's does (V4L2, "Streaming I/O (Memory Mapping)"). What it
// shares is a file, which can be mapped and waited for like a device.
type driver struct {
	t       *testing.T
	file    *os.File
	formats map[uint32][2]uint32 // largest width and height, by FourCC
	frames  [][]byte             // still to come; an empty one is damaged
	claims  uint32               // more bytes of each than there are

	kind, size uint32
	queued     []uint32
	streams    bool
}

const buffersOfDriver = 3

func (d *driver) ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	switch request {
	case queryCapability:
		c := (*v4l2Capability)(argument)
		c.capabilities, c.ofDevice = hasOfDevice|isCapture|isStreaming, isCapture|isStreaming
	case tryFormat, setFormat:
		f := (*v4l2Format)(argument)
		largest, ok := d.formats[f.pix.fourCC]
		if !ok || f.kind != forCapture {
			return unix.EINVAL
		}
		f.pix.width, f.pix.height = min(f.pix.width, largest[0]), min(f.pix.height, largest[1])
		if request == setFormat {
			d.kind, d.size = f.pix.fourCC, (f.pix.width*f.pix.height*2+4095)&^4095
			return d.file.Truncate(int64(d.size) * buffersOfDriver)
		}
	case requestBuffers:
		(*v4l2Request)(argument).count = buffersOfDriver
	case queryBuffer:
		b := (*v4l2Buffer)(argument)
		b.length, b.offset = d.size, b.index*d.size
	case enqueue:
		b := (*v4l2Buffer)(argument)
		if b.index >= buffersOfDriver || slices.Contains(d.queued, b.index) {
			d.t.Errorf("place %d is given while it is the driver's", b.index)
		}
		d.queued = append(d.queued, b.index)
	case streamOn:
		d.streams = true
	case dequeue:
		if !d.streams || len(d.queued) == 0 {
			return unix.EINVAL
		}
		if len(d.frames) == 0 {
			return unix.ENODEV
		}
		if d.frames[0] == nil {
			d.frames = d.frames[1:]
			return unix.EAGAIN
		}
		b := (*v4l2Buffer)(argument)
		b.index, d.queued = d.queued[0], d.queued[1:]
		if len(d.frames[0]) == 0 {
			b.flags = isDamaged
		}
		d.file.WriteAt(d.frames[0], int64(b.index*d.size))
		b.used = uint32(len(d.frames[0])) + d.claims
		d.frames = d.frames[1:]
	default:
		return unix.ENOTTY
	}
	return nil
}

// open opens the driver's camera.
func (d *driver) open(t *testing.T) (*Camera, error) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(t.TempDir(), "video"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	d.t, d.file = t, file
	fd, err := unix.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	v := &v4l2{fd: fd, ioctl: d.ioctl}
	c := &Camera{Name: "test", next: v.next, close: v.close}
	t.Cleanup(c.Close)
	return c, v.start(c)
}

func TestCameraTakesTheLatest(t *testing.T) {
	shade := func(s byte) []byte { return bytes.Repeat([]byte{s, 128}, 64*48) }
	d := &driver{
		formats: map[uint32][2]uint32{yuyv: {64, 48}, mjpg: {32, 24}},
		// Three that waited, and the first two are old; one that is damaged; one more.
		frames: [][]byte{shade(1), shade(2), shade(3), {}, nil, shade(4), nil},
	}
	c, err := d.open(t)
	if err != nil || c.Width != 64 || c.Height != 48 || c.fourCC != yuyv {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, want := range []byte{3, 4} {
		picture, err := c.Picture(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := picture.At(63, 47).(color.Gray).Y; got != want {
			t.Errorf("picture %d, want %d", got, want)
		}
	}
	if _, err := c.Picture(t.Context()); !errors.Is(err, unix.ENODEV) {
		t.Errorf("unplugged: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Picture(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
}

func TestCameraChoosesFormat(t *testing.T) {
	for name, test := range map[string]struct {
		formats map[uint32][2]uint32
		fourCC  uint32
	}{
		"YUYV alone":      {map[uint32][2]uint32{yuyv: {640, 480}}, yuyv},
		"the same size":   {map[uint32][2]uint32{yuyv: {1280, 720}, mjpg: {1280, 720}}, yuyv},
		"a larger MJPEG":  {map[uint32][2]uint32{yuyv: {640, 480}, mjpg: {3840, 2160}}, mjpg},
		"neither of them": {map[uint32][2]uint32{'H' | '2'<<8 | '6'<<16 | '4'<<24: {1280, 720}}, 0},
	} {
		d := &driver{formats: test.formats}
		c, err := d.open(t)
		if c.fourCC != test.fourCC || (err == nil) != (test.fourCC != 0) {
			t.Errorf("%s: %08x, %v", name, c.fourCC, err)
		}
	}
	d := &driver{formats: map[uint32][2]uint32{yuyv: {64, 48}}, frames: [][]byte{make([]byte, 10)}, claims: 1 << 20}
	c, err := d.open(t)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Picture(t.Context()); err == nil || !strings.Contains(err.Error(), "gave 1048586 bytes") {
		t.Errorf("more bytes than there is room for: %v", err)
	}
}
