//go:build amd64 || arm64 || 386 || arm || riscv64 || loong64 || s390x

package capture

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

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
