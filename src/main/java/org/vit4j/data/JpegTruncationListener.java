package org.vit4j.data;

import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;

/** The JPEG decoder fills what is missing of a cut-off file with gray and merely warns; this hears the warning. */
final class JpegTruncationListener implements IIOReadWarningListener {
    private String message = "";

    @Override
    public void warningOccurred(ImageReader source, String warning) {
        // libjpeg: "Premature end of JPEG file", "Corrupt JPEG data: premature end of data segment"; JDK: "... EOI".
        // Its other warnings, such as stray bytes between markers, do no harm.
        boolean cut = warning.contains("remature end") || warning.contains("EOI");
        if (cut && message.isEmpty()) message = warning;
    }

    boolean seen() {
        return !message.isEmpty();
    }

    String message() {
        return message;
    }
}
