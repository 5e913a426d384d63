package org.vit4j.data.image;

import java.util.List;

/** Image file formats that are read. */
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

    /** The name for people. */
    public String title() {
        return title;
    }

    /** File name extensions, lower case, without the dot. */
    public List<String> extensions() {
        return List.of(extensions.split(" "));
    }
}
