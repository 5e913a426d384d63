package org.vit4j.models;

/** Input of the classifier head. */
public enum TokenPool {
    /** The class token. */
    CLS,
    /** The mean over tokens: timm averages the patches, vit-pytorch all tokens. */
    MEAN
}
