{
	"patcher": {
		"fileversion": 1,
		"appversion": {
			"major": 8,
			"minor": 5,
			"revision": 6,
			"architecture": "x64",
			"modernui": 1
		},
		"classnamespace": "box",
		"rect": [
			80.0,
			80.0,
			1420.0,
			760.0
		],
		"openrect": [
			0.0,
			0.0,
			524.0,
			169.0
		],
		"openinpresentation": 1,
		"default_fontsize": 10.0,
		"default_fontname": "Ableton Sans Medium",
		"devicewidth": 524.0,
		"description": "DAW Bridge: clips from a prompt, by a server on this machine",
		"boxes": [
			{
				"box": {
					"id": "obj-1",
					"maxclass": "newobj",
					"numinlets": 2,
					"numoutlets": 2,
					"outlettype": [
						"signal",
						"signal"
					],
					"patching_rect": [
						20.0,
						20.0,
						150.0,
						22.0
					],
					"text": "plugin~"
				}
			},
			{
				"box": {
					"id": "obj-2",
					"maxclass": "newobj",
					"numinlets": 2,
					"numoutlets": 2,
					"outlettype": [
						"signal",
						"signal"
					],
					"patching_rect": [
						20.0,
						60.0,
						150.0,
						22.0
					],
					"text": "plugout~"
				}
			},
			{
				"box": {
					"id": "obj-3",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 3,
					"outlettype": [
						"",
						"",
						""
					],
					"patching_rect": [
						20.0,
						560.0,
						150.0,
						22.0
					],
					"saved_object_attributes": {
						"filename": "DawBridge.js",
						"parameter_enable": 0
					},
					"text": "js DawBridge.js"
				}
			},
			{
				"box": {
					"id": "obj-4",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 3,
					"outlettype": [
						"bang",
						"int",
						"int"
					],
					"patching_rect": [
						200.0,
						20.0,
						150.0,
						22.0
					],
					"text": "live.thisdevice"
				}
			},
			{
				"box": {
					"id": "obj-5",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						380.0,
						20.0,
						150.0,
						22.0
					],
					"text": "udpreceive 17720 @quiet 1"
				}
			},
			{
				"box": {
					"id": "obj-6",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						20.0,
						600.0,
						150.0,
						22.0
					],
					"text": "udpsend 127.0.0.1 17710"
				}
			},
			{
				"box": {
					"id": "obj-7",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 6,
					"outlettype": [
						"",
						"",
						"",
						"",
						"",
						""
					],
					"patching_rect": [
						380.0,
						600.0,
						150.0,
						22.0
					],
					"text": "route light server status progress cancel"
				}
			},
			{
				"box": {
					"id": "obj-8",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"bang",
						"bang"
					],
					"patching_rect": [
						20.0,
						140.0,
						150.0,
						22.0
					],
					"text": "t b b"
				}
			},
			{
				"box": {
					"id": "obj-9",
					"maxclass": "message",
					"numinlets": 2,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						120.0,
						180.0,
						110.0,
						22.0
					],
					"text": "outputvalue"
				}
			},
			{
				"box": {
					"id": "obj-10",
					"maxclass": "message",
					"numinlets": 2,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						560.0,
						20.0,
						110.0,
						22.0
					],
					"text": "selftest"
				}
			},
			{
				"box": {
					"annotation": "What the clip should sound like. Press Enter or click elsewhere to take it over. The text is stored in the set.",
					"annotation_name": "Prompt",
					"fontname": "Ableton Sans Medium",
					"fontsize": 10.0,
					"id": "obj-11",
					"keymode": 1,
					"maxclass": "textedit",
					"nosymquotes": 1,
					"numinlets": 1,
					"numoutlets": 4,
					"outlettype": [
						"",
						"int",
						"",
						""
					],
					"outputmode": 1,
					"parameter_enable": 1,
					"patching_rect": [
						20.0,
						240.0,
						246.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						8.0,
						22.0,
						246.0,
						44.0
					],
					"saved_attribute_attributes": {
						"bgcolor": {
							"expression": "themecolor.live_control_bg"
						},
						"textcolor": {
							"expression": "themecolor.live_control_fg"
						},
						"valueof": {
							"parameter_annotation_name": "Prompt",
							"parameter_info": "What the clip should sound like. Press Enter or click elsewhere to take it over. The text is stored in the set.",
							"parameter_invisible": 1,
							"parameter_longname": "Prompt",
							"parameter_modmode": 0,
							"parameter_shortname": "Prompt",
							"parameter_type": 3
						}
					},
					"text": "lo-fi drums, dusty piano",
					"varname": "prompt"
				}
			},
			{
				"box": {
					"id": "obj-12",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						20.0,
						270.0,
						70.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						6.0,
						4.0,
						70.0,
						18.0
					],
					"text": "Prompt",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-13",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						20.0,
						300.0,
						150.0,
						22.0
					],
					"text": "prepend set prompt"
				}
			},
			{
				"box": {
					"annotation": "A comma list such as drums, bass, piano: each becomes a track of its own. Empty: one mix.",
					"annotation_name": "Instruments",
					"fontname": "Ableton Sans Medium",
					"fontsize": 10.0,
					"id": "obj-14",
					"keymode": 1,
					"maxclass": "textedit",
					"nosymquotes": 1,
					"numinlets": 1,
					"numoutlets": 4,
					"outlettype": [
						"",
						"int",
						"",
						""
					],
					"outputmode": 1,
					"parameter_enable": 1,
					"patching_rect": [
						190.0,
						240.0,
						246.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						8.0,
						84.0,
						246.0,
						17.0
					],
					"saved_attribute_attributes": {
						"bgcolor": {
							"expression": "themecolor.live_control_bg"
						},
						"textcolor": {
							"expression": "themecolor.live_control_fg"
						},
						"valueof": {
							"parameter_annotation_name": "Instruments",
							"parameter_info": "A comma list such as drums, bass, piano: each becomes a track of its own. Empty: one mix.",
							"parameter_invisible": 1,
							"parameter_longname": "Instruments",
							"parameter_modmode": 0,
							"parameter_shortname": "Instruments",
							"parameter_type": 3
						}
					},
					"text": "",
					"varname": "instruments"
				}
			},
			{
				"box": {
					"id": "obj-15",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						190.0,
						270.0,
						180.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						6.0,
						67.0,
						180.0,
						18.0
					],
					"text": "Instruments, one track each",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-16",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						190.0,
						300.0,
						150.0,
						22.0
					],
					"text": "prepend set instruments"
				}
			},
			{
				"box": {
					"annotation": "Length in bars of the set's time signature. The clip is cut to the exact sample.",
					"annotation_name": "Bars",
					"id": "obj-17",
					"maxclass": "live.menu",
					"numinlets": 1,
					"numoutlets": 3,
					"outlettype": [
						"",
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						360.0,
						240.0,
						46.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						334.0,
						7.0,
						46.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Bars",
							"parameter_info": "Length in bars of the set's time signature. The clip is cut to the exact sample.",
							"parameter_invisible": 1,
							"parameter_longname": "Bars",
							"parameter_modmode": 0,
							"parameter_shortname": "Bars",
							"parameter_initial": [
								2
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.0,
							"parameter_mmax": 4,
							"parameter_type": 2,
							"parameter_enum": [
								"1",
								"2",
								"4",
								"8",
								"16"
							]
						}
					},
					"varname": "bars"
				}
			},
			{
				"box": {
					"id": "obj-18",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						360.0,
						270.0,
						68.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						262.0,
						5.0,
						68.0,
						18.0
					],
					"text": "Bars",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-19",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						360.0,
						300.0,
						150.0,
						22.0
					],
					"text": "prepend set bars"
				}
			},
			{
				"box": {
					"annotation": "How many takes to make. They go into scenes below one another.",
					"annotation_name": "Variations",
					"id": "obj-20",
					"maxclass": "live.numbox",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						530.0,
						240.0,
						46.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						334.0,
						29.0,
						46.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Variations",
							"parameter_info": "How many takes to make. They go into scenes below one another.",
							"parameter_invisible": 1,
							"parameter_longname": "Variations",
							"parameter_modmode": 0,
							"parameter_shortname": "Variations",
							"parameter_initial": [
								1
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 1,
							"parameter_mmax": 8,
							"parameter_type": 0,
							"parameter_unitstyle": 0
						}
					},
					"varname": "variations"
				}
			},
			{
				"box": {
					"id": "obj-21",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						530.0,
						270.0,
						68.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						262.0,
						27.0,
						68.0,
						18.0
					],
					"text": "Variations",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-22",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						530.0,
						300.0,
						150.0,
						22.0
					],
					"text": "prepend set variations"
				}
			},
			{
				"box": {
					"annotation": "How closely the model keeps to the prompt. 3 is a good start.",
					"annotation_name": "Guidance",
					"id": "obj-23",
					"maxclass": "live.numbox",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						700.0,
						240.0,
						46.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						334.0,
						51.0,
						46.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Guidance",
							"parameter_info": "How closely the model keeps to the prompt. 3 is a good start.",
							"parameter_invisible": 1,
							"parameter_longname": "Guidance",
							"parameter_modmode": 0,
							"parameter_shortname": "Guidance",
							"parameter_initial": [
								3
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0,
							"parameter_mmax": 20,
							"parameter_type": 0,
							"parameter_unitstyle": 1
						}
					},
					"varname": "guidance"
				}
			},
			{
				"box": {
					"id": "obj-24",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						700.0,
						270.0,
						68.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						262.0,
						49.0,
						68.0,
						18.0
					],
					"text": "Guidance",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-25",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						700.0,
						300.0,
						150.0,
						22.0
					],
					"text": "prepend set guidance"
				}
			},
			{
				"box": {
					"annotation": "How adventurous the model is. 1 is a good start.",
					"annotation_name": "Temperature",
					"id": "obj-26",
					"maxclass": "live.numbox",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						870.0,
						240.0,
						46.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						334.0,
						73.0,
						46.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Temperature",
							"parameter_info": "How adventurous the model is. 1 is a good start.",
							"parameter_invisible": 1,
							"parameter_longname": "Temperature",
							"parameter_modmode": 0,
							"parameter_shortname": "Temperature",
							"parameter_initial": [
								1
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.1,
							"parameter_mmax": 3,
							"parameter_type": 0,
							"parameter_unitstyle": 1
						}
					},
					"varname": "temperature"
				}
			},
			{
				"box": {
					"id": "obj-27",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						870.0,
						270.0,
						68.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						262.0,
						71.0,
						68.0,
						18.0
					],
					"text": "Temperature",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-28",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						870.0,
						300.0,
						150.0,
						22.0
					],
					"text": "prepend set temperature"
				}
			},
			{
				"box": {
					"annotation": "The same seed and settings give the same clip. -1 picks a new one each time.",
					"annotation_name": "Seed",
					"id": "obj-29",
					"maxclass": "live.numbox",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						1040.0,
						240.0,
						46.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						334.0,
						95.0,
						46.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Seed",
							"parameter_info": "The same seed and settings give the same clip. -1 picks a new one each time.",
							"parameter_invisible": 1,
							"parameter_longname": "Seed",
							"parameter_modmode": 0,
							"parameter_shortname": "Seed",
							"parameter_initial": [
								-1
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": -1,
							"parameter_mmax": 999999,
							"parameter_type": 0,
							"parameter_unitstyle": 0
						}
					},
					"varname": "seed"
				}
			},
			{
				"box": {
					"id": "obj-30",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						1040.0,
						270.0,
						68.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						262.0,
						93.0,
						68.0,
						18.0
					],
					"text": "Seed",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-31",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						1040.0,
						300.0,
						150.0,
						22.0
					],
					"text": "prepend set seed"
				}
			},
			{
				"box": {
					"annotation": "The port of the server. Change it only if the server was started with --port.",
					"annotation_name": "Server Port",
					"id": "obj-32",
					"maxclass": "live.numbox",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						1210.0,
						240.0,
						46.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						334.0,
						117.0,
						46.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Server Port",
							"parameter_info": "The port of the server. Change it only if the server was started with --port.",
							"parameter_invisible": 1,
							"parameter_longname": "Server Port",
							"parameter_modmode": 0,
							"parameter_shortname": "Server Port",
							"parameter_initial": [
								17710
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 1024,
							"parameter_mmax": 65535,
							"parameter_type": 0,
							"parameter_unitstyle": 0
						}
					},
					"varname": "port"
				}
			},
			{
				"box": {
					"id": "obj-33",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						1210.0,
						270.0,
						68.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						262.0,
						115.0,
						68.0,
						18.0
					],
					"text": "Port",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-34",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						1210.0,
						300.0,
						150.0,
						22.0
					],
					"text": "prepend set port"
				}
			},
			{
				"box": {
					"annotation": "Start from nothing, continue the selected audio clip, or follow its melody.",
					"annotation_name": "Source",
					"id": "obj-35",
					"maxclass": "live.menu",
					"numinlets": 1,
					"numoutlets": 3,
					"outlettype": [
						"",
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						20.0,
						390.0,
						128.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						388.0,
						22.0,
						128.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Source",
							"parameter_info": "Start from nothing, continue the selected audio clip, or follow its melody.",
							"parameter_invisible": 1,
							"parameter_longname": "Source",
							"parameter_modmode": 0,
							"parameter_shortname": "Source",
							"parameter_initial": [
								0
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.0,
							"parameter_mmax": 2,
							"parameter_type": 2,
							"parameter_enum": [
								"None",
								"Continue clip",
								"Melody of clip"
							]
						}
					},
					"varname": "source"
				}
			},
			{
				"box": {
					"id": "obj-36",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						20.0,
						420.0,
						128.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						386.0,
						5.0,
						128.0,
						18.0
					],
					"text": "Source",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-37",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						20.0,
						450.0,
						150.0,
						22.0
					],
					"text": "prepend set source"
				}
			},
			{
				"box": {
					"annotation": "Where the result goes: a new track beside this one, the selected slot, or the arrangement at the song position. Nothing is overwritten.",
					"annotation_name": "Target",
					"id": "obj-38",
					"maxclass": "live.menu",
					"numinlets": 1,
					"numoutlets": 3,
					"outlettype": [
						"",
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						190.0,
						390.0,
						128.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						388.0,
						59.0,
						128.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Target",
							"parameter_info": "Where the result goes: a new track beside this one, the selected slot, or the arrangement at the song position. Nothing is overwritten.",
							"parameter_invisible": 1,
							"parameter_longname": "Target",
							"parameter_modmode": 0,
							"parameter_shortname": "Target",
							"parameter_initial": [
								0
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.0,
							"parameter_mmax": 2,
							"parameter_type": 2,
							"parameter_enum": [
								"New track",
								"Selected slot",
								"Arrangement"
							]
						}
					},
					"varname": "target"
				}
			},
			{
				"box": {
					"id": "obj-39",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						190.0,
						420.0,
						128.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						386.0,
						42.0,
						128.0,
						18.0
					],
					"text": "Target",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-40",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						190.0,
						450.0,
						150.0,
						22.0
					],
					"text": "prepend set target"
				}
			},
			{
				"box": {
					"annotation": "Also put the notes into MIDI clips on tracks of their own.",
					"annotation_name": "Result",
					"id": "obj-41",
					"maxclass": "live.menu",
					"numinlets": 1,
					"numoutlets": 3,
					"outlettype": [
						"",
						"",
						"float"
					],
					"parameter_enable": 1,
					"patching_rect": [
						360.0,
						390.0,
						128.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						388.0,
						96.0,
						128.0,
						15.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Result",
							"parameter_info": "Also put the notes into MIDI clips on tracks of their own.",
							"parameter_invisible": 1,
							"parameter_longname": "Result",
							"parameter_modmode": 0,
							"parameter_shortname": "Result",
							"parameter_initial": [
								0
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.0,
							"parameter_mmax": 1,
							"parameter_type": 2,
							"parameter_enum": [
								"Audio",
								"Audio and MIDI"
							]
						}
					},
					"varname": "give"
				}
			},
			{
				"box": {
					"id": "obj-42",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						360.0,
						420.0,
						128.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						386.0,
						79.0,
						128.0,
						18.0
					],
					"text": "Result",
					"textjustification": 0
				}
			},
			{
				"box": {
					"id": "obj-43",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						360.0,
						450.0,
						150.0,
						22.0
					],
					"text": "prepend set give"
				}
			},
			{
				"box": {
					"annotation": "Ask the server for a clip.",
					"annotation_name": "Generate",
					"id": "obj-44",
					"maxclass": "live.text",
					"mode": 0,
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						""
					],
					"parameter_enable": 1,
					"patching_rect": [
						530.0,
						390.0,
						118.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						262.0,
						140.0,
						118.0,
						22.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Generate",
							"parameter_info": "Ask the server for a clip.",
							"parameter_invisible": 2,
							"parameter_longname": "Generate",
							"parameter_modmode": 0,
							"parameter_shortname": "Generate",
							"parameter_initial": [
								0.0
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.0,
							"parameter_mmax": 1.0,
							"parameter_type": 2,
							"parameter_enum": [
								"off",
								"on"
							]
						}
					},
					"text": "Generate",
					"texton": "Generate",
					"varname": "generate"
				}
			},
			{
				"box": {
					"id": "obj-45",
					"maxclass": "message",
					"numinlets": 2,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						530.0,
						490.0,
						110.0,
						22.0
					],
					"text": "generate"
				}
			},
			{
				"box": {
					"id": "obj-46",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"bang",
						"bang"
					],
					"patching_rect": [
						530.0,
						450.0,
						150.0,
						22.0
					],
					"text": "t b b"
				}
			},
			{
				"box": {
					"annotation": "Stop the newest job. What is in the set already stays.",
					"annotation_name": "Cancel",
					"id": "obj-47",
					"maxclass": "live.text",
					"mode": 0,
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						""
					],
					"parameter_enable": 1,
					"patching_rect": [
						700.0,
						390.0,
						128.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						388.0,
						140.0,
						128.0,
						22.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Cancel",
							"parameter_info": "Stop the newest job. What is in the set already stays.",
							"parameter_invisible": 2,
							"parameter_longname": "Cancel",
							"parameter_modmode": 0,
							"parameter_shortname": "Cancel",
							"parameter_initial": [
								0.0
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.0,
							"parameter_mmax": 1.0,
							"parameter_type": 2,
							"parameter_enum": [
								"off",
								"on"
							]
						}
					},
					"text": "Cancel",
					"texton": "Cancel",
					"varname": "cancel"
				}
			},
			{
				"box": {
					"id": "obj-48",
					"maxclass": "message",
					"numinlets": 2,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						700.0,
						490.0,
						110.0,
						22.0
					],
					"text": "cancel"
				}
			},
			{
				"box": {
					"annotation": "Turn the selected audio clip into a MIDI clip on a new track.",
					"annotation_name": "Transcribe",
					"id": "obj-49",
					"maxclass": "live.text",
					"mode": 0,
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						""
					],
					"parameter_enable": 1,
					"patching_rect": [
						870.0,
						390.0,
						62.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						388.0,
						117.0,
						62.0,
						18.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Transcribe",
							"parameter_info": "Turn the selected audio clip into a MIDI clip on a new track.",
							"parameter_invisible": 2,
							"parameter_longname": "Transcribe",
							"parameter_modmode": 0,
							"parameter_shortname": "Transcribe",
							"parameter_initial": [
								0.0
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.0,
							"parameter_mmax": 1.0,
							"parameter_type": 2,
							"parameter_enum": [
								"off",
								"on"
							]
						}
					},
					"text": "Transcribe",
					"texton": "Transcribe",
					"varname": "transcribe"
				}
			},
			{
				"box": {
					"id": "obj-50",
					"maxclass": "message",
					"numinlets": 2,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						870.0,
						490.0,
						110.0,
						22.0
					],
					"text": "transcribe"
				}
			},
			{
				"box": {
					"id": "obj-51",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"bang",
						"bang"
					],
					"patching_rect": [
						870.0,
						450.0,
						150.0,
						22.0
					],
					"text": "t b b"
				}
			},
			{
				"box": {
					"annotation": "Split the selected audio clip into drums, bass and more, one new track each.",
					"annotation_name": "Separate",
					"id": "obj-52",
					"maxclass": "live.text",
					"mode": 0,
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"",
						""
					],
					"parameter_enable": 1,
					"patching_rect": [
						1040.0,
						390.0,
						62.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						454.0,
						117.0,
						62.0,
						18.0
					],
					"saved_attribute_attributes": {
						"valueof": {
							"parameter_annotation_name": "Separate",
							"parameter_info": "Split the selected audio clip into drums, bass and more, one new track each.",
							"parameter_invisible": 2,
							"parameter_longname": "Separate",
							"parameter_modmode": 0,
							"parameter_shortname": "Separate",
							"parameter_initial": [
								0.0
							],
							"parameter_initial_enable": 1,
							"parameter_mmin": 0.0,
							"parameter_mmax": 1.0,
							"parameter_type": 2,
							"parameter_enum": [
								"off",
								"on"
							]
						}
					},
					"text": "Separate",
					"texton": "Separate",
					"varname": "separate"
				}
			},
			{
				"box": {
					"id": "obj-53",
					"maxclass": "message",
					"numinlets": 2,
					"numoutlets": 1,
					"outlettype": [
						""
					],
					"patching_rect": [
						1040.0,
						490.0,
						110.0,
						22.0
					],
					"text": "separate"
				}
			},
			{
				"box": {
					"id": "obj-54",
					"maxclass": "newobj",
					"numinlets": 1,
					"numoutlets": 2,
					"outlettype": [
						"bang",
						"bang"
					],
					"patching_rect": [
						1040.0,
						450.0,
						150.0,
						22.0
					],
					"text": "t b b"
				}
			},
			{
				"box": {
					"annotation": "Lit while the server answers.",
					"id": "obj-55",
					"ignoreclick": 1,
					"maxclass": "led",
					"numinlets": 1,
					"numoutlets": 1,
					"outlettype": [
						"int"
					],
					"parameter_enable": 0,
					"patching_rect": [
						380.0,
						640.0,
						40.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						238.0,
						5.0,
						14.0,
						14.0
					],
					"saved_attribute_attributes": {
						"offcolor": {
							"expression": "themecolor.live_control_bg"
						},
						"oncolor": {
							"expression": "themecolor.live_control_selection"
						}
					},
					"varname": "light"
				}
			},
			{
				"box": {
					"annotation": "The server's model and state.",
					"id": "obj-56",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						550.0,
						640.0,
						140.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						96.0,
						4.0,
						140.0,
						18.0
					],
					"text": "no server",
					"textjustification": 2,
					"varname": "server"
				}
			},
			{
				"box": {
					"annotation": "What is happening, or what to do.",
					"id": "obj-57",
					"maxclass": "live.comment",
					"numinlets": 1,
					"numoutlets": 0,
					"patching_rect": [
						720.0,
						640.0,
						250.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						6.0,
						104.0,
						250.0,
						48.0
					],
					"text": "Press Generate.",
					"textjustification": 0,
					"varname": "status"
				}
			},
			{
				"box": {
					"annotation": "How far the newest job is.",
					"id": "obj-58",
					"ignoreclick": 1,
					"maxclass": "slider",
					"numinlets": 1,
					"numoutlets": 1,
					"orientation": 1,
					"outlettype": [
						""
					],
					"parameter_enable": 0,
					"patching_rect": [
						890.0,
						640.0,
						246.0,
						22.0
					],
					"presentation": 1,
					"presentation_rect": [
						8.0,
						154.0,
						246.0,
						9.0
					],
					"saved_attribute_attributes": {
						"bgcolor": {
							"expression": "themecolor.live_control_bg"
						},
						"elementcolor": {
							"expression": "themecolor.live_control_selection"
						}
					},
					"size": 101.0,
					"varname": "progress"
				}
			}
		],
		"lines": [
			{
				"patchline": {
					"destination": [
						"obj-2",
						0
					],
					"source": [
						"obj-1",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-2",
						1
					],
					"source": [
						"obj-1",
						1
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-4",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-5",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-6",
						0
					],
					"source": [
						"obj-3",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-5",
						0
					],
					"source": [
						"obj-3",
						1
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-7",
						0
					],
					"source": [
						"obj-3",
						2
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-9",
						0
					],
					"source": [
						"obj-8",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-10",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-13",
						0
					],
					"source": [
						"obj-11",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-13",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-11",
						0
					],
					"source": [
						"obj-8",
						1
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-16",
						0
					],
					"source": [
						"obj-14",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-16",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-14",
						0
					],
					"source": [
						"obj-8",
						1
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-19",
						0
					],
					"source": [
						"obj-17",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-19",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-17",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-22",
						0
					],
					"source": [
						"obj-20",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-22",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-20",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-25",
						0
					],
					"source": [
						"obj-23",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-25",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-23",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-28",
						0
					],
					"source": [
						"obj-26",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-28",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-26",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-31",
						0
					],
					"source": [
						"obj-29",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-31",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-29",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-34",
						0
					],
					"source": [
						"obj-32",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-34",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-32",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-37",
						0
					],
					"source": [
						"obj-35",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-37",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-35",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-40",
						0
					],
					"source": [
						"obj-38",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-40",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-38",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-43",
						0
					],
					"source": [
						"obj-41",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-43",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-41",
						0
					],
					"source": [
						"obj-9",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-45",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-46",
						0
					],
					"source": [
						"obj-44",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-8",
						0
					],
					"source": [
						"obj-46",
						1
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-45",
						0
					],
					"source": [
						"obj-46",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-48",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-48",
						0
					],
					"source": [
						"obj-47",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-47",
						0
					],
					"source": [
						"obj-7",
						4
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-50",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-51",
						0
					],
					"source": [
						"obj-49",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-8",
						0
					],
					"source": [
						"obj-51",
						1
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-50",
						0
					],
					"source": [
						"obj-51",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-3",
						0
					],
					"source": [
						"obj-53",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-54",
						0
					],
					"source": [
						"obj-52",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-8",
						0
					],
					"source": [
						"obj-54",
						1
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-53",
						0
					],
					"source": [
						"obj-54",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-55",
						0
					],
					"source": [
						"obj-7",
						0
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-56",
						0
					],
					"source": [
						"obj-7",
						1
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-57",
						0
					],
					"source": [
						"obj-7",
						2
					]
				}
			},
			{
				"patchline": {
					"destination": [
						"obj-58",
						0
					],
					"source": [
						"obj-7",
						3
					]
				}
			}
		],
		"dependency_cache": [
			{
				"name": "DawBridge.js",
				"bootpath": ".",
				"type": "TEXT",
				"implicit": 1
			}
		],
		"latency": 0,
		"is_mpe": 0,
		"minimum_live_version": "11.3.25",
		"minimum_max_version": "",
		"platform_compatibility": 0,
		"project": {
			"version": 1,
			"creationdate": 3850070400,
			"modificationdate": 3850070400,
			"viewrect": [
				0.0,
				0.0,
				300.0,
				500.0
			],
			"autoorganize": 1,
			"hideprojectwindow": 1,
			"showdependencies": 1,
			"autolocalize": 0,
			"contents": {
				"patchers": {},
				"code": {}
			},
			"layout": {},
			"searchpath": {},
			"detailsvisible": 0,
			"amxdtype": 1633771873,
			"readonly": 0,
			"devpathtype": 0,
			"devpath": ".",
			"sortmode": 0,
			"viewmode": 0,
			"includepackages": 0
		},
		"autosave": 0
	}
}
