package org.vit4j.models;

/** Reference implementation that a network reproduces. The two differ in many details and have incompatible weights. */
public enum Flavor {
    /** The authors' or timm's code, with published weights. */
    OFFICIAL,
    /** The community code that most tutorials use (lucidrains/vit-pytorch 0.20.2, rishikksh20/CeiT-pytorch). */
    COMMUNITY
}
