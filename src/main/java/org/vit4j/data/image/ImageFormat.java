package org.vit4j.data.image;

import java.util.List;

/** Supported image file formats. */
public enum ImageFormat {
    PNG("PNG", "png apng"),
    JPEG("JPEG", "jpg jpeg jpe jfif jif mpo"),
    GIF("GIF", "gif"),
    BMP("BMP", "bmp dib"),
    WEBP("WebP", "webp"),
    TIFF("TIFF", "tif tiff"),
    PNM("PNM", "ppm pgm pbm pnm");

    private final String title;
    private final String extensions;

    ImageFormat(String title, String extensions) {
        this.title = title;
        this.extensions = extensions;
    }

    /** Display name. */
    public String title() {
        return title;
    }

    /** File name extensions in lower case, without the dot. */
    public List<String> extensions() {
        return List.of(extensions.split(" "));
    }
}
